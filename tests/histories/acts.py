"""What the user does in a history: in Immich and Frigate by their own key, and in the reference at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reactor.core.events import AssetEmbedded, AssetUploaded, PersonGainedFaces, PersonNamed
from reactor.core.ids import AssetId, PersonId

from .history import Base
from .shown import Library, Photo
from .vision import AUTO, DAY, ME, MODEL, ROOM, Look, Part

T = TypeVar("T")


def pick(choices: Iterable[T], number: int) -> T | None:
    """Return one of them by a number of any size, None where there is none."""
    found: Sequence[T] = list(choices)
    return found[number % len(found)] if found else None


@dataclass(kw_only=True)
class UserActs(Base):
    """Each act comes minutes after what was before; where there is nothing to act upon, nothing is done."""

    people: dict[str, int] = field(default_factory=dict)

    async def upload(self, place: int, part: Part, sharpness: int = 1, fits: Iterable[str] = ()) -> AssetId | None:
        """Upload a photo, which is embedded at once and heard of; nothing is decided yet."""
        number = sum(1 for look in self.assets.values() if look and (look.place, look.part) == (place, part))
        if number >= ROOM[part]:
            return None
        look = Look(place=place, part=part, number=number, sharpness=sharpness, fits=frozenset(fits))
        asset = await self.servers.upload(look.taken_at.isoformat(timespec="milliseconds"))
        self.assets[asset] = look
        seen = await self.life.clients.library.asset(asset)
        await self.life.photos.save(look.embedded(seen), MODEL, seen=seen)
        uploaded = AssetUploaded(account=ME, asset=asset)
        await self.life.log.append([uploaded, AssetEmbedded(account=ME, asset=asset, model=MODEL, checksum=asset)])
        self._is_new(asset)
        await self.look()
        return asset

    async def portrait(self, name: str) -> None:
        """Upload a photo with the face of a person, who is named or seen once more."""
        at = DAY.replace(day=2, hour=len(self.assets) % 24, minute=len(self.assets) // 24)
        asset = await self.servers.upload(at.isoformat(timespec="milliseconds"), face=True)
        self.assets[asset] = None
        person = PersonId(await self.servers.named_face(asset, name))
        number = self.people[name] = self.people.get(name, 0) + 1
        if number == 1:
            await self.life.log.append([PersonNamed(account=ME, person=person, name=name)])
        else:
            gained = PersonGainedFaces(account=ME, person=person, name=name, photos=number, revision=number)
            await self.life.log.append([gained])
        self._is_new(asset)
        await self.look()

    def _is_new(self, asset: AssetId) -> None:
        self.heard = True
        self.reference.photos[asset] = Photo()

    async def unstack(self, number: int) -> None:
        """Take a stack apart."""
        if (stack := self._stack(number)) is not None:
            self.witness.seen["unstack"] += 1
            await self._act_on_stacks("DELETE", f"/stacks/{stack}")

    async def take_out(self, number: int, member: int) -> None:
        """Take a member out of a stack that is not its cover."""
        if (stack := self._stack(number)) is None:
            return
        cover, members = self.now.stacks[stack]
        if (one := pick(sorted(members - {cover}), member)) is not None:
            self.witness.seen["unstack"] += 1
            await self._act_on_stacks("DELETE", f"/stacks/{stack}/assets/{one}")

    async def cover(self, number: int, member: int) -> None:
        """Make another member the cover of a stack."""
        if (stack := self._stack(number)) is None:
            return
        cover, members = self.now.stacks[stack]
        # Immich takes none that is hidden.
        listed = sorted(one for one in members - {cover} if self.now.photos[one].visibility != "hidden")
        if (one := pick(listed, member)) is not None:
            self.witness.seen["re-point"] += 1
            await self._act_on_stacks("PUT", f"/stacks/{stack}", {"primaryAssetId": one})

    async def stack(self, first: int, *others: int) -> None:
        """Make a stack by hand, long after anything else: what was parted before was seen to be so."""
        await self.poll()
        shown = self._shown()
        chosen = list(dict.fromkeys(one for number in (first, *others) if (one := pick(shown, number)) is not None))
        if len(chosen) > 1:
            await self._act_on_stacks("POST", "/stacks", {"assetIds": chosen})
            self.witness.seen["own stack"] += 1

    async def tag(self, photo: int, tag: str) -> None:
        """Set a tag by hand; one of ours only after what was taken off was seen to be so."""
        if tag.startswith(AUTO):
            await self.poll()
        asset = pick([one for one in self._shown() if tag not in self.now.photos[one].tags], photo)
        if asset is None:
            return
        await self.minutes_pass()
        body = {"tagIds": [await self.servers.tag_id(tag)], "assetIds": [asset]}
        await self.servers.ask("PUT", "/tags/assets", body)
        self.reference.tag(asset, tag)
        self.refused.tags.discard((asset, tag))
        await self.look()

    async def untag(self, number: int) -> None:
        """Take a tag off, whoever set it."""
        found = pick([(one, tag) for one in self._shown() for tag in sorted(self.now.photos[one].tags)], number)
        if found is None:
            return
        asset, tag = found
        await self.minutes_pass()
        await self.servers.ask("DELETE", f"/tags/{await self.servers.tag_id(tag)}/assets", {"ids": [asset]})
        if tag not in self.reference.photos[asset].tags:
            self.refused.tags.add(found)
            self.witness.seen["untag"] += 1
        self.reference.untag(asset, tag)
        await self.look()

    async def archive(self, number: int) -> None:
        """Archive a photo by hand, after what was brought back was seen to be so."""
        await self.poll()
        asset = pick([one for one in self._shown() if self.now.photos[one].visibility == "timeline"], number)
        if asset is not None:
            await self._show([asset], "archive")
            self.refused.archive.discard(asset)

    async def unarchive(self, number: int, all_of_them: bool = False) -> None:
        """Bring a photo back from the archive, or everything."""
        archived = [one for one in self._shown() if self.now.photos[one].visibility == "archive"]
        chosen = archived if all_of_them else [one for one in [pick(archived, number)] if one is not None]
        if chosen:
            self.refused.archive |= {one for one in chosen if self.reference.photos[one].visibility == "timeline"}
            self.witness.seen["un-archive"] += 1
            await self._show(chosen, "timeline")

    async def _show(self, assets: Sequence[str], visibility: str) -> None:
        await self.minutes_pass()
        await self.servers.ask("PUT", "/assets", {"ids": list(assets), "visibility": visibility})
        self.reference.change(assets, visibility=visibility)
        await self.look()

    async def favourite(self, number: int) -> None:
        """Make a photo a favourite by hand, after what was none any more was seen to be so."""
        await self.poll()
        asset = pick([one for one in self._shown() if not self.now.photos[one].favourite], number)
        if asset is not None:
            await self.minutes_pass()
            await self.servers.ask("PUT", "/assets", {"ids": [asset], "isFavorite": True})
            self.reference.change([asset], favourite=True)
            self.refused.favourites.discard(asset)
            await self.look()

    async def unfavour(self, number: int) -> None:
        """Take a photo out of the favourites, whoever put it there."""
        asset = pick([one for one in self._shown() if self.now.photos[one].favourite], number)
        if asset is not None:
            await self.minutes_pass()
            await self.servers.ask("PUT", f"/assets/{asset}", {"isFavorite": False})
            if not self.reference.photos[asset].favourite:
                self.refused.favourites.add(asset)
                self.witness.seen["un-favour"] += 1
            self.reference.change([asset], favourite=False)
            await self.look()

    async def album(self, number: int, name: str) -> None:
        """Put a photo into an album by hand, after what was taken out was seen to be so."""
        await self.poll()
        asset = pick([one for one in self._shown() if name not in self.now.photos[one].albums], number)
        if asset is not None:
            await self.minutes_pass()
            album = await self.servers.album_id(name)
            await self.servers.ask("PUT", f"/albums/{album}/assets", {"ids": [asset]})
            self.reference.put(asset, name)
            self.refused.albums.discard((asset, name))
            await self.look()

    async def leave_album(self, number: int) -> None:
        """Take a photo out of an album, whoever put it there."""
        found = pick([(one, name) for one in self._shown() for name in sorted(self.now.photos[one].albums)], number)
        if found is not None:
            asset, name = found
            await self.minutes_pass()
            album = await self.servers.album_id(name)
            await self.servers.ask("DELETE", f"/albums/{album}/assets", {"ids": [asset]})
            self.witness.seen["leave album"] += name not in self.reference.photos[asset].albums
            self._is_out({asset}, name)
            await self.look()

    async def delete_album(self, number: int) -> None:
        """Delete a whole album, whoever made it."""
        if (name := pick(sorted(self.servers.albums), number)) is not None:
            await self.minutes_pass()
            await self.servers.ask("DELETE", f"/albums/{self.servers.albums[name]}")
            self.witness.seen["delete album"] += 1
            self._is_out({one for one, photo in self.now.photos.items() if name in photo.albums}, name)
            await self.look()

    def _is_out(self, assets: Iterable[str], album: str) -> None:
        for asset in assets:
            if album not in self.reference.photos[asset].albums:
                self.refused.albums.add((asset, album))
            self.reference.take_out(asset, album)

    async def trash(self, number: int) -> None:
        if (asset := pick(self._shown(), number)) is not None:
            await self.minutes_pass()
            await self.servers.ask("DELETE", "/assets", {"ids": [asset]})
            self.reference.change([asset], trashed=True)
            await self.look()

    async def restore(self, number: int) -> None:
        if (asset := pick([one for one, photo in self.now.photos.items() if photo.trashed], number)) is not None:
            await self.minutes_pass()
            await self.servers.ask("POST", "/trash/restore/assets", {"ids": [asset]})
            self.reference.change([asset], trashed=False)
            await self.look()

    async def delete(self, number: int) -> None:
        """Delete a photo for good."""
        if (asset := pick(sorted(self.now.photos), number)) is not None:
            await self.minutes_pass()
            before = self.now
            await self.servers.ask("DELETE", "/assets", {"ids": [asset], "force": True})
            del self.assets[AssetId(asset)]
            await self.look()
            self.reference.deleted([asset], before.stacks, self.now.stacks)
            self._note_covers(before)

    async def own_picture(self, name: str) -> None:
        """Teach Frigate a face by hand."""
        self.reference.pictures.add(await self.servers.own_picture(name))
        await self.look()

    async def delete_picture(self, number: int) -> None:
        """Delete a picture in Frigate, whoever put it there."""
        if (picture := pick(sorted(self.now.pictures), number)) is not None:
            await self.minutes_pass()
            await self.servers.delete_picture(*picture)
            if picture in self.reference.pictures:
                self.reference.pictures.remove(picture)
            elif picture in self.witness.given:
                self.refused.pictures.add(self.witness.given[picture])
            await self.look()

    async def _act_on_stacks(self, method: str, path: str, body: Any = None) -> None:
        await self.minutes_pass()
        before = self.now
        ours = before.together() - self.reference.library().together()
        await self.servers.ask(method, path, body)
        await self.look()
        self.reference.stacked(before.stacks, self.now.stacks)
        self._note_covers(before)
        self.refused.together |= ours - self.now.together()
        self.refused.together -= self.now.together()

    def _note_covers(self, before: Library) -> None:
        covers = {cover for cover, _ in self.now.standing - before.standing}
        self.by_hand |= {cover for cover in covers if not self.now.seen(cover)}

    def _stack(self, number: int) -> str | None:
        """Choose a stack that the user sees: of at least two photos that are not in the trash."""
        visible = [
            stack
            for stack, (cover, members) in self.now.stacks.items()
            if len(members) > 1 and not any(self.now.photos[one].trashed for one in members)
        ]
        return pick(sorted(visible, key=lambda stack: sorted(self.now.stacks[stack][1])), number)

    def _shown(self) -> list[str]:
        return [asset for asset, photo in sorted(self.now.photos.items()) if not photo.trashed]
