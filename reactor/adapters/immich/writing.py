"""Change one account of Immich; fits ports.LibraryWriter and is given to acts alone."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from reactor.adapters.immich.errors import clean
from reactor.adapters.immich.models import LinkedTagJson, OutcomeJson, TaggedAssetJson, TagJson, rows, whole
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Gone, Permanent, Retryable
from reactor.core.ids import AlbumId, AssetId, StackId, TagId

# Immich writes a tag down in the background: 0.1 to 0.6 s as measured (facts/immich-api.md section 5), longer on a NAS.
WRITTEN_DOWN_S = 5.0
PAUSE_S = 0.1
REMOVALS = 3


class ImmichWriter:
    """Change one account; no call is repeated here, since a lost answer does not tell what happened.

    ``written_s`` bounds the wait until Immich has written a removed tag down, asked for every ``pause_s`` seconds.
    """

    def __init__(
        self, transport: ImmichTransport, *, written_s: float = WRITTEN_DOWN_S, pause_s: float = PAUSE_S
    ) -> None:
        self._transport = transport
        self._written_s = written_s
        self._pause_s = pause_s

    async def add_tags(self, asset: AssetId, tags: Sequence[str]) -> None:
        """Link the whole set in one call: the second of two quick ones is lost (facts/immich-api.md section 5).

        Immich skips foreign and unknown ids in silence, so the caller reads back.
        """
        wanted = sorted(set(tags))
        if not wanted:
            return
        answer = rows(await self._transport.json("PUT", "/tags", body={"tags": wanted}), "PUT /tags")
        leaves = [whole(LinkedTagJson, row, "PUT /tags") for row in answer]
        if unmade := set(wanted) - {leaf.value for leaf in leaves}:
            raise Permanent(f"Immich does not make the tags {', '.join(sorted(unmade))}: empty parts between slashes?")
        body = {"tagIds": [leaf.id for leaf in leaves], "assetIds": [asset]}
        await self._transport.json("PUT", "/tags/assets", body=body)

    async def remove_tags(self, asset: AssetId, tags: Sequence[str]) -> None:
        """Take the tags (full values) off one photo, one after the other; those that are not on it are no error.

        The next call waits until Immich has written the one before down, and so does the return: what is written
        meanwhile can bring a tag back (section 5). One that came back is taken off again, a few times. Raises Gone
        where the photo is gone or another's.
        """
        if not (wanted := set(tags)):
            return
        for _ in range(REMOVALS):
            left = _of(await self._tagged(asset), wanted)
            if not left:
                return
            for tag in left:
                await self._remove_tag(asset, tag)
        if left := _of(await self._tagged(asset), wanted):
            back = clean(", ".join(tag.value for tag in left))
            raise Retryable(f"Immich puts tags back on {asset} that were taken off: {back}")

    async def delete_tag(self, tag: TagId) -> None:
        """Delete a tag with all below it; Gone where it is not there (any more).

        The caller has seen that no photo carries it: what stands in XMP files would come back (section 5).
        """
        await self._transport.json("DELETE", f"/tags/{tag}")

    async def set_visibility(self, assets: Sequence[AssetId], visibility: str) -> None:
        """Archive the photos ("archive") or show them again ("timeline") in one call; a bad id fails it whole, Gone."""
        if assets:
            await self._transport.json("PUT", "/assets", body={"ids": list(assets), "visibility": visibility})

    async def archive(self, assets: Sequence[AssetId]) -> None:
        """Archive the assets in one call, so that no stack is left by halves; a bad id fails it whole with Gone."""
        await self.set_visibility(assets, "archive")

    async def set_favourite(self, asset: AssetId, *, favourite: bool) -> None:
        """Put a photo among the favourites, or take it out.

        By the call for one photo: the one for many has Immich write an XMP file and read the photo anew, which can
        lose a tag that is set meanwhile; this one does not (sections 3 and 4, captures 600 and _updatedAt-bumps).
        """
        await self._transport.json("PUT", f"/assets/{asset}", body={"isFavorite": favourite})

    async def make_album(self, name: str, asset: AssetId) -> None:
        """Make an album that holds one photo; Immich takes any name twice, so the caller looks first."""
        await self._transport.json("POST", "/albums", body={"albumName": name, "assetIds": [asset]})

    async def put_into_album(self, album: AlbumId, asset: AssetId) -> None:
        """Put a photo into an album; Gone where the album is gone, or only shown to the account."""
        await self._of_album("PUT", album, asset, fine="duplicate")

    async def take_out_of_album(self, album: AlbumId, asset: AssetId) -> None:
        """Take a photo out of an album; Gone where the album is gone."""
        await self._of_album("DELETE", album, asset, fine="not_found")

    async def make_stack(self, assets: Sequence[AssetId]) -> None:
        """Stack the assets, the first as cover; whole stacks come along with their primaries (section 6)."""
        members = list(dict.fromkeys(assets))
        if len(members) < 2:
            # Immich accepts one id twice and makes a stack of one (section 6).
            raise Permanent("a stack needs two different photos")
        await self._transport.json("POST", "/stacks", body={"assetIds": members})

    async def set_cover(self, stack: StackId, cover: AssetId) -> None:
        """Make a member the cover."""
        await self._transport.json("PUT", f"/stacks/{stack}", body={"primaryAssetId": cover})

    async def delete_stack(self, stack: StackId) -> None:
        """Dissolve a stack; its photos stay. Gone where it is not there (any more)."""
        await self._transport.json("DELETE", f"/stacks/{stack}")

    async def remove_from_stack(self, stack: StackId, asset: AssetId) -> None:
        """Take a member out of a stack; never the cover: Permanent, as for a photo that is no member.

        A stack of one may stay behind (section 6).
        """
        await self._transport.json("DELETE", f"/stacks/{stack}/assets/{asset}")

    async def _of_album(self, method: str, album: AlbumId, asset: AssetId, *, fine: str) -> None:
        call = f"{method} /albums/{album}/assets"
        answer = await self._transport.json(method, f"/albums/{album}/assets", body={"ids": [asset]})
        for outcome in (whole(OutcomeJson, row, call) for row in rows(answer, call)):
            if not outcome.success and outcome.error != fine:
                raise Permanent(f"{call}: Immich refuses {asset}: {clean(outcome.error or 'no reason')}")

    async def _tagged(self, asset: AssetId) -> TaggedAssetJson:
        path = f"/assets/{asset}"
        return whole(TaggedAssetJson, await self._transport.json("GET", path), f"GET {path}")

    async def _remove_tag(self, asset: AssetId, tag: TagJson) -> None:
        call = f"DELETE /tags/{tag.id}/assets"
        before = (await self._tagged(asset)).updated_at
        try:
            answer = await self._transport.json("DELETE", f"/tags/{tag.id}/assets", body={"ids": [asset]})
        except Gone:
            return  # the tag itself was deleted meanwhile, or the photo, which the next reading tells
        for outcome in (whole(OutcomeJson, row, call) for row in rows(answer, call)):
            if outcome.success:
                await self._written(asset, before)
            elif outcome.error == "no_permission":
                raise Gone(f"{call}: {asset} is gone or another's")
            elif outcome.error != "not_found":
                raise Permanent(f"{call}: Immich does not take the tag off {asset}: {clean(outcome.error or '')}")

    async def _written(self, asset: AssetId, before: datetime) -> None:
        """Wait, bounded, until the photo was written after a moment: a tag call moves updatedAt late (section 3)."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._written_s
        while loop.time() < until:
            await asyncio.sleep(self._pause_s)
            if (await self._tagged(asset)).updated_at > before:
                return


def _of(asset: TaggedAssetJson, wanted: set[str]) -> list[TagJson]:
    """Return those of the wanted tags that are on the photo, in order of their values."""
    return sorted((tag for tag in asset.tags or () if tag.value in wanted), key=lambda tag: tag.value)
