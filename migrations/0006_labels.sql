-- Categories kept here, what a model was measured at, and what gates ask of a photo.
-- depends: 0005_safety

-- migrate: apply

-- null: an earlier release stored the photo, or nobody asked yet who is seen on it
ALTER TABLE photos ADD COLUMN file_name text;
ALTER TABLE photos ADD COLUMN path text;
ALTER TABLE photos ADD COLUMN faces smallint;

-- Those of the settings' file are not among them.
CREATE TABLE categories (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Every measurement of a model; the one of the highest version holds.
CREATE TABLE calibrations (
    model text NOT NULL,
    version integer NOT NULL,
    bank text NOT NULL,
    lo double precision NOT NULL,
    hi double precision NOT NULL,
    photos integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (model, version)
);

-- Vectors are gone through in this order, page by page.
CREATE INDEX vectors_of_a_model ON vectors (account, model, asset);

ALTER TABLE runs DROP CONSTRAINT runs_kind_check;
ALTER TABLE runs ADD CONSTRAINT runs_kind_check CHECK (kind IN ('scan', 'replay', 'undo', 'apply', 'relabel'));

-- migrate: rollback

DELETE FROM deliveries WHERE run LIKE 'relabel:%';
DELETE FROM runs WHERE kind = 'relabel';
ALTER TABLE runs DROP CONSTRAINT runs_kind_check;
ALTER TABLE runs ADD CONSTRAINT runs_kind_check CHECK (kind IN ('scan', 'replay', 'undo', 'apply'));
DROP INDEX vectors_of_a_model;
DROP TABLE calibrations;
DROP TABLE categories;
ALTER TABLE photos DROP COLUMN faces;
ALTER TABLE photos DROP COLUMN path;
ALTER TABLE photos DROP COLUMN file_name;
