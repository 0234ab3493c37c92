-- Undo, vetoes, limits that ask, suggestions; runs that carry plans out or take changes back.
-- depends: 0004_runs

-- migrate: apply

ALTER TABLE journal DROP CONSTRAINT journal_state_check;
ALTER TABLE journal ADD CONSTRAINT journal_state_check CHECK (state IN (
    'planned', 'open', 'done', 'superseded', 'failed', 'vetoed', 'parked',
    'suggested', 'declined', 'carried out', 'undone', 'left'));
-- The entry that this one takes back.
ALTER TABLE journal ADD COLUMN undoes bigint REFERENCES journal (id);
CREATE INDEX journal_of_a_run ON journal (run, id) WHERE run <> 'live';
CREATE INDEX journal_waiting ON journal (id) WHERE state IN ('planned', 'suggested');
CREATE INDEX journal_done ON journal (id) WHERE state = 'done';
CREATE INDEX journal_undoes ON journal (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX journal_by_event ON journal (event);
CREATE INDEX journal_of_a_plan ON journal (run, id) WHERE state IN ('planned', 'vetoed');
-- For the limits: what waits of one account, and what its scans asked for; another's backlog is not walked.
DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries (account, created_at) WHERE state IN ('waiting', 'running', 'joined');
CREATE INDEX deliveries_asked ON deliveries (account, created_at) WHERE run <> 'live';

CREATE TABLE vetoes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('tag', 'archive', 'stack', 'cover', 'portrait')),
    subjects text[] NOT NULL,
    value text NOT NULL DEFAULT '',
    -- of a stack: photos of different groups never stand together
    groups jsonb NOT NULL DEFAULT '[]',
    source text NOT NULL CHECK (source IN ('user', 'undo', 'declined')),
    why text NOT NULL,
    -- the newest journal entry that was undone by it; no reference, since it is only compared
    entry bigint,
    -- lost: did the user do it, or did Immich lose it? nothing is done again until somebody answers
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'lost', 'revoked')),
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
);
CREATE INDEX vetoes_by_subject ON vetoes USING gin (subjects);
CREATE INDEX vetoes_standing ON vetoes (state, id) WHERE state <> 'revoked';
CREATE INDEX vetoes_lately ON vetoes (account, kind, noticed_at) WHERE source = 'user';

CREATE TABLE trips (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    feature text NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL DEFAULT '',
    why text NOT NULL,
    value bigint NOT NULL,
    tripped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at timestamptz
);
CREATE UNIQUE INDEX trips_one_open ON trips (account, feature) WHERE confirmed_at IS NULL;
CREATE INDEX trips_confirmed ON trips (account, feature, rule, subject, confirmed_at);

ALTER TABLE runs DROP CONSTRAINT runs_kind_check;
ALTER TABLE runs ADD CONSTRAINT runs_kind_check CHECK (kind IN ('scan', 'replay', 'undo', 'apply'));
-- How many changes the run may make; null: the usual number.
ALTER TABLE runs ADD COLUMN budget integer;

-- migrate: rollback

ALTER TABLE runs DROP COLUMN budget;
DELETE FROM deliveries WHERE run LIKE 'undo:%' OR run LIKE 'apply:%';
DELETE FROM runs WHERE kind IN ('undo', 'apply');
ALTER TABLE runs DROP CONSTRAINT runs_kind_check;
ALTER TABLE runs ADD CONSTRAINT runs_kind_check CHECK (kind IN ('scan', 'replay'));
DROP TABLE trips;
DROP TABLE vetoes;
DROP INDEX deliveries_asked;
DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries (created_at) WHERE state IN ('waiting', 'running', 'joined');
DROP INDEX journal_of_a_plan;
DROP INDEX journal_by_event;
DROP INDEX journal_undoes;
DROP INDEX journal_done;
DROP INDEX journal_waiting;
DROP INDEX journal_of_a_run;
ALTER TABLE journal DROP COLUMN undoes;
UPDATE journal SET state = 'superseded' WHERE state IN ('suggested', 'declined', 'carried out', 'undone', 'left');
DELETE FROM journal WHERE kind IN ('UntagAsset', 'UnarchiveAssets', 'RestoreStacks', 'RemovePortrait');
ALTER TABLE journal DROP CONSTRAINT journal_state_check;
ALTER TABLE journal ADD CONSTRAINT journal_state_check CHECK (
    state IN ('planned', 'open', 'done', 'superseded', 'failed', 'vetoed', 'parked'));
