-- Vetoes about favourites.
-- depends: 0005_safety

-- migrate: apply

ALTER TABLE vetoes DROP CONSTRAINT vetoes_kind_check;
ALTER TABLE vetoes ADD CONSTRAINT vetoes_kind_check CHECK (
    kind IN ('tag', 'archive', 'favourite', 'stack', 'cover', 'portrait'));

-- migrate: rollback

DELETE FROM vetoes WHERE kind = 'favourite';
DELETE FROM journal WHERE kind = 'UnfavouriteAsset';
DELETE FROM journal WHERE kind = 'FavouriteAsset';
ALTER TABLE vetoes DROP CONSTRAINT vetoes_kind_check;
ALTER TABLE vetoes ADD CONSTRAINT vetoes_kind_check CHECK (
    kind IN ('tag', 'archive', 'stack', 'cover', 'portrait'));
