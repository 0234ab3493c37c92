"""Without any key that works an order says of each change why it was not taken back, and ends."""

from pydantic import SecretStr

from reactor.config import FixedSettings
from reactor.core.ids import AccountId
from reactor.core.orders import UndoRequest
from reactor.wiring.orders import open_hands

from ..household import eventually
from .rig import Rig, tag


async def test_with_the_only_key_gone_undo_tells_what_it_could_not_take_back(rig: Rig, database: str) -> None:
    (photo,) = await rig.home.photos(1)
    entry = await rig.did(tag(photo, "Auto/A", account=AccountId("default")))
    settings = FixedSettings(
        database_url=SecretStr(database), immich_url=rig.home.immich.url, immich_api_key=SecretStr("revoked-by-now")
    )
    request = UndoRequest(everything=True)
    async with open_hands(settings, only=(request.kind,)) as stores:
        run = await stores.runs.start(request)

        async def over() -> bool:
            return not (await rig.now(run.id)).is_open

        await eventually(over, "the order has ended")
    report = await rig.report(run.id)
    assert (report.done, report.failed) == (0, 1)
    assert report.lines[0].why.startswith("could not be taken back: ")
    assert await rig.states(entry) == ["done"]
