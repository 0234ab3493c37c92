-- What embedding found of each photo, and what the sources remember.
-- depends: 0002_journal

-- migrate: apply

CREATE TABLE photos (
    account text NOT NULL,
    asset text NOT NULL,
    taken_at timestamptz NOT NULL,
    camera text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'IMAGE',
    phash bigint NOT NULL,
    sharpness real NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    checksum text NOT NULL,
    embedded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, asset)
);
CREATE INDEX photos_by_time ON photos (account, taken_at, asset);

-- A burst id may be heard before the photo is embedded.
CREATE TABLE bursts (
    account text NOT NULL,
    asset text NOT NULL,
    burst_id text NOT NULL,
    PRIMARY KEY (account, asset)
);

-- float16, little endian, unit length; the model's hash names the space.
CREATE TABLE vectors (
    account text NOT NULL,
    asset text NOT NULL,
    model text NOT NULL,
    vector bytea NOT NULL,
    PRIMARY KEY (account, asset, model)
);

CREATE TABLE bookmarks (
    name text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- migrate: rollback

DROP TABLE bookmarks;
DROP TABLE vectors;
DROP TABLE bursts;
DROP TABLE photos;
