-- Runs beside the live one, how an event was heard, photos as they were last seen.
-- depends: 0003_photos

-- migrate: apply

ALTER TABLE events ADD COLUMN source text NOT NULL DEFAULT '';

-- shelved: ended because something never came; held: its run is paused; cancelled: its run was cancelled
ALTER TABLE deliveries DROP CONSTRAINT deliveries_state_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_state_check CHECK (
    state IN ('waiting', 'running', 'joined', 'done', 'dead', 'shelved', 'held', 'cancelled'));
ALTER TABLE deliveries ADD COLUMN account text NOT NULL DEFAULT '';
UPDATE deliveries d SET account = e.account FROM events e WHERE e.seq = d.event;
ALTER TABLE deliveries ALTER COLUMN account DROP DEFAULT;
CREATE INDEX deliveries_shelved ON deliveries (event) WHERE state = 'shelved';
CREATE INDEX deliveries_of_a_run ON deliveries (run, state) WHERE run <> 'live';
CREATE INDEX deliveries_done ON deliveries (settled_at) WHERE state IN ('done', 'cancelled');

CREATE TABLE runs (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('scan', 'replay')),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'cancelled', 'done', 'failed')),
    -- where set, only these handlers get deliveries in the run
    handlers text[],
    request jsonb NOT NULL,
    progress jsonb NOT NULL DEFAULT '{}',
    note text NOT NULL DEFAULT '',
    -- the process that feeds the run, and until when it may be taken for alive
    feeder text,
    fed_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX runs_open ON runs (created_at) WHERE state IN ('running', 'paused');

-- How the poll for changes last saw a photo; tags are null where they were not read.
CREATE TABLE sightings (
    account text NOT NULL,
    asset text NOT NULL,
    updated_at timestamptz NOT NULL,
    visibility text NOT NULL,
    trashed boolean NOT NULL,
    taken_at timestamptz NOT NULL,
    tags text[],
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, asset)
);

-- In an external library, where Immich writes beside the user's own files.
ALTER TABLE photos ADD COLUMN external boolean NOT NULL DEFAULT false;

-- migrate: rollback

ALTER TABLE photos DROP COLUMN external;
DROP TABLE sightings;
DROP TABLE runs;
DROP INDEX deliveries_done;
DROP INDEX deliveries_of_a_run;
DROP INDEX deliveries_shelved;
UPDATE deliveries SET state = 'dead' WHERE state IN ('shelved', 'held', 'cancelled');
ALTER TABLE deliveries DROP COLUMN account;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_state_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_state_check CHECK (
    state IN ('waiting', 'running', 'joined', 'done', 'dead'));
ALTER TABLE events DROP COLUMN source;
