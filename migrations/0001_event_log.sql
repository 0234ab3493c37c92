-- The event log and its deliveries.
-- depends:

-- migrate: apply

CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    version text NOT NULL,
    payload jsonb NOT NULL,
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (account, kind, subject, version)
);
CREATE INDEX events_by_time ON events (heard_at);
CREATE INDEX events_by_subject ON events (account, subject);

CREATE TABLE deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event bigint NOT NULL REFERENCES events (seq),
    handler text NOT NULL,
    run text NOT NULL,
    lane text,
    priority smallint NOT NULL DEFAULT 0,
    -- joined: claimed together with the running delivery named in leader
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'joined', 'done', 'dead')),
    leader bigint,
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    first_tried_at timestamptz,
    lease_until timestamptz,
    worker text,
    error text,
    settled_at timestamptz,
    UNIQUE (event, handler, run)
);
CREATE UNIQUE INDEX deliveries_one_a_lane ON deliveries (lane) WHERE state = 'running';
CREATE INDEX deliveries_to_claim ON deliveries (handler, priority, run_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_of_a_lane ON deliveries (lane, priority, id) WHERE state IN ('waiting', 'running');
CREATE INDEX deliveries_in_hand ON deliveries (lease_until) WHERE state IN ('running', 'joined');
CREATE INDEX deliveries_open ON deliveries (created_at) WHERE state IN ('waiting', 'running', 'joined');
CREATE INDEX deliveries_dead ON deliveries (settled_at) WHERE state = 'dead';

-- migrate: rollback

DROP TABLE deliveries;
DROP TABLE events;
