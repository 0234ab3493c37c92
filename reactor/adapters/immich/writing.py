"""Change one account of Immich; fits ports.LibraryWriter and is given to acts alone."""

from collections.abc import Sequence

from reactor.adapters.immich.models import LinkedTagJson, rows, whole
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Permanent
from reactor.core.ids import AssetId, StackId


class ImmichWriter:
    """Change one account; no call is repeated here, since a lost answer does not tell what happened."""

    def __init__(self, transport: ImmichTransport) -> None:
        self._transport = transport

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

    async def archive(self, assets: Sequence[AssetId]) -> None:
        """Archive the assets in one call, so that no stack is left by halves; a bad id fails it whole with Gone."""
        if assets:
            await self._transport.json("PUT", "/assets", body={"ids": list(assets), "visibility": "archive"})

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
