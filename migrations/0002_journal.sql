-- The journal of every change outside.
-- depends: 0001_event_log

-- migrate: apply

CREATE TABLE journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    feature text NOT NULL,
    kind text NOT NULL,
    subjects text[] NOT NULL,
    change jsonb NOT NULL,
    handler text NOT NULL,
    event bigint NOT NULL,
    run text NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'open', 'done', 'superseded', 'failed', 'vetoed', 'parked')),
    before jsonb NOT NULL,
    after jsonb,
    note text NOT NULL DEFAULT '',
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz
);
CREATE INDEX journal_by_subject ON journal USING gin (subjects);
CREATE INDEX journal_open ON journal (account, feature) WHERE state = 'open';
CREATE INDEX journal_by_time ON journal (account, feature, written_at);

-- migrate: rollback

DROP TABLE journal;
