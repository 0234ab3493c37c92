"""The hand that deletes an empty tag of ours from Immich's list."""

from reactor.acts.hands import Libraries, Looking, Writers
from reactor.core.changes import ListedState, RemoveTag, State
from reactor.core.errors import Gone


class RemoveTagHand(Looking[RemoveTag]):
    """Delete a tag that is on no photo, from which nothing hangs, and which is the very one that we made."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: RemoveTag) -> State:
        library = self._libraries(change.account)
        listed = await library.tag_ids()
        if listed.get(change.tag) != change.tag_id:
            return ListedState(listed=False)
        if any(tag.startswith(f"{change.tag}/") for tag in listed) or await library.is_tagged(change.tag_id):
            raise Gone(f"the tag {change.tag} is in use again; it stays")
        return ListedState(listed=True)

    async def call(self, change: RemoveTag, before: State) -> State:
        await self._writers(change.account).delete_tag(change.tag_id)
        return await self.read(change)
