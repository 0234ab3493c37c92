-- Vetoes about favourites and albums.
-- depends: 0006_labels

-- migrate: apply

ALTER TABLE vetoes DROP CONSTRAINT vetoes_kind_check;
ALTER TABLE vetoes ADD CONSTRAINT vetoes_kind_check CHECK (
    kind IN ('tag', 'archive', 'favourite', 'album', 'stack', 'cover', 'portrait'));

-- migrate: rollback

DELETE FROM vetoes WHERE kind IN ('favourite', 'album');
DELETE FROM journal WHERE kind IN ('UnfavouriteAsset', 'RemoveFromAlbum');
DELETE FROM journal WHERE kind IN ('FavouriteAsset', 'AddToAlbum');
ALTER TABLE vetoes DROP CONSTRAINT vetoes_kind_check;
ALTER TABLE vetoes ADD CONSTRAINT vetoes_kind_check CHECK (
    kind IN ('tag', 'archive', 'stack', 'cover', 'portrait'));
