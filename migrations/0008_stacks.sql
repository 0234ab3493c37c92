-- What stacks are decided by besides: a number for the index, a small picture, the light, the day on the spot.
-- depends: 0007_actions

-- migrate: apply

-- The label of the photo in the index of vectors, which takes nothing but numbers; never used twice.
ALTER TABLE photos ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX photos_by_number ON photos (number);

-- 32 x 32 grey pixels, and the share of pixels that are black or white; null where an earlier release stored the photo.
ALTER TABLE photos ADD COLUMN thumb bytea;
ALTER TABLE photos ADD COLUMN clipped real;
ALTER TABLE photos ADD COLUMN local_day date;

-- migrate: rollback

ALTER TABLE photos DROP COLUMN local_day;
ALTER TABLE photos DROP COLUMN clipped;
ALTER TABLE photos DROP COLUMN thumb;
DROP INDEX photos_by_number;
ALTER TABLE photos DROP COLUMN number;
