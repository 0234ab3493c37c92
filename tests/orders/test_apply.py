"""Plans and suggestions that a person carries out, accepts or declines."""

from dataclasses import replace

from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.categories import Category
from reactor.core.ids import RunId
from reactor.core.interventions import ApplyAsked
from reactor.core.journal import Cause
from reactor.core.orders import ApplyRequest, Example, UndoRequest, Waiting
from reactor.core.vetoes import Veto
from reactor.stages import orders

from ..household import ME
from .rig import Rig, archived, stack, tag

DRY = RunId("dry:1")
ALL = ApplyRequest(everything=True)


async def test_all_plans_are_listed_and_carried_out(rig: Rig) -> None:
    one, two, three, four = await rig.home.photos(4)
    small = await rig.planned(stack(one, two))
    entries = [
        await rig.planned(stack(one, two, three)),
        await rig.planned(tag(one, "Auto/A")),
        await rig.planned(archived(four)),
    ]
    dry = await rig.planned(tag(two, "Auto/Dry"), run=DRY)
    assert await rig.orders.counts() == Waiting(planned=3)
    listed = await rig.orders.waiting(ALL)
    assert [line.id for line in listed] == entries[::-1]
    assert [line.id for line in await rig.orders.waiting(ALL, 2, before=entries[-1])] == entries[1::-1]
    report = await rig.carried_out(ALL)
    assert (report.kind, report.done, report.left, report.failed) == ("apply", 3, 0, 0)
    assert await rig.states(small, *entries, dry) == ["superseded", *["carried out"] * 3, "planned"]
    assert await rig.stack_of(one) == {one, two, three}
    assert await rig.tags(one) == {"Auto/A"}
    assert await rig.orders.counts() == Waiting()
    # What was carried out is taken back like any other change, by the run that did it.
    assert (await rig.carried_out(UndoRequest(run=report.run))).done == 3


async def test_one_plan_is_carried_out_and_a_filter_bounds_the_rest(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    first, second = await rig.planned(tag(one, "Auto/A")), await rig.planned(tag(two, "Auto/A"))
    away = await rig.planned(archived(two))
    assert (await rig.carried_out(ApplyRequest(entries=(second,)))).done == 1
    assert (await rig.carried_out(ApplyRequest(feature="archive"))).done == 1
    assert await rig.states(first, second, away) == ["planned", "carried out", "carried out"]


async def test_the_plan_of_a_dry_run_is_carried_out_where_it_is_named_each_stack_once(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    small = await rig.planned(stack(one, two), run=DRY)
    large = await rig.planned(stack(one, two, three), run=DRY)
    wanted = ApplyRequest(run=DRY)
    assert [line.id for line in await rig.orders.waiting(wanted)] == [large]
    report = await rig.carried_out(wanted)
    assert (report.done, report.left) == (1, 0)
    assert await rig.states(small, large) == ["planned", "carried out"]
    assert await rig.stack_of(one) == {one, two, three}


async def test_a_plan_that_is_stale_is_left_and_told(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    gone = await rig.planned(tag(three, "Auto/A"))
    stacked = await rig.planned(stack(one, two))
    so_already = await rig.planned(tag(two, "Auto/B"))
    await rig.home.user_deletes(three, force=True)
    await rig.home.writer.make_stack([one, two])
    made = (await rig.home.library.asset(one)).stack
    assert made is not None
    await rig.home.writer.set_cover(made, two)
    await rig.home.writer.add_tags(two, ["Auto/B"])
    await rig.home.rest()
    report = await rig.carried_out(ALL)
    assert (report.done, report.left, report.failed, report.nothing) == (0, 2, 0, 1)
    assert await rig.states(gone, stacked, so_already) == ["superseded", "superseded", "carried out"]
    assert {line.entry for line in report.lines} == {gone, stacked}
    assert all(line.ended == "left" and line.why for line in report.lines)


async def test_a_plan_that_was_vetoed_meanwhile_is_left(rig: Rig) -> None:
    (photo,) = await rig.home.photos(1)
    entry = await rig.planned(tag(photo, "Auto/A"))
    await PostgresVetoes(rig.pool).remember(
        [Veto(account=ME, kind="tag", subjects=(photo,), value="Auto/A", source="undo", why="you had it undone")]
    )
    report = await rig.carried_out(ALL)
    assert (report.done, report.left) == (0, 1)
    assert await rig.states(entry) == ["vetoed"]
    assert await rig.tags(photo) == frozenset()


async def test_what_is_declined_is_never_done_nor_planned_again(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    entries = [
        await rig.planned(tag(one, "Auto/A", "Auto/B")),
        await rig.planned(stack(one, two)),
        await rig.planned(archived(three)),
    ]
    kept = await rig.planned(tag(two, "Auto/A"))
    assert await rig.orders.decline(ApplyRequest(entries=tuple(entries))) == 3
    assert await rig.orders.decline(ApplyRequest(entries=tuple(entries))) == 0
    assert await rig.states(*entries, kept) == ["declined"] * 3 + ["planned"]
    vetoes = await PostgresVetoes(rig.pool).standing()
    assert {(veto.kind, veto.value, veto.source) for veto in vetoes} == {
        ("tag", "Auto/A", "declined"),
        ("tag", "Auto/B", "declined"),
        ("stack", "", "declined"),
        ("archive", "", "declined"),
    }
    await rig.did(tag(one, "Auto/A"))
    assert await rig.tags(one) == frozenset()
    assert await rig.orders.counts() == Waiting(planned=1)
    assert await rig.orders.decline(ALL) == 1


async def test_suggestions_are_apart_and_teach(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    accepted, declined = (
        await rig.did(tag(one, "Auto/A", sure=False)),
        await rig.did(tag(two, "Auto/A", sure=False)),
    )
    plan = await rig.planned(tag(three, "Auto/A"))
    assert await rig.orders.counts() == Waiting(planned=1, suggested=2)
    assert [line.id for line in await rig.orders.waiting(ALL)] == [plan]
    suggestions = replace(ALL, suggestions=True)
    assert [line.id for line in await rig.orders.waiting(suggestions)] == [declined, accepted]
    assert await rig.orders.decline(ApplyRequest(entries=(declined,), suggestions=True)) == 1
    assert (await rig.carried_out(suggestions)).done == 1
    assert await rig.states(accepted, declined, plan) == ["carried out", "declined", "planned"]
    assert await rig.tags(one) == {"Auto/A"}
    # A plan that was carried out is no answer to a question.
    assert (await rig.carried_out(ALL)).done == 1
    assert await rig.orders.examples(ME, "A") == tuple(
        sorted((Example(asset=one, wanted=True), Example(asset=two, wanted=False)), key=lambda example: example.asset)
    )
    assert await rig.orders.examples(ME, "Other") == ()


async def test_an_accepted_tag_brings_its_photo_to_the_archive(rig: Rig) -> None:
    rig.categories = (Category(name="A", prompts=("a",), similarity=-1.0, action="tag_and_archive"),)
    photo = await rig.house.photo(1)
    await rig.home.rest()
    await rig.did(tag(photo, "Auto/A", sure=False))
    run = await rig.runs.start(replace(ALL, suggestions=True))
    async with rig.running():
        await rig.ended(run)
    assert (await rig.report(run.id)).done == 1
    assert await rig.pool.fetchval("SELECT count(*) FROM events WHERE kind = 'ArchiveWanted'") == 1


async def test_what_immich_lost_is_put_back(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    entries = [await rig.did(tag(photo, "Auto/A")) for photo in (one, two)]
    for photo in (one, two):
        await rig.home.user_untags(photo, "Auto/A")
    vetoes = [
        Veto(account=ME, kind="tag", subjects=(photo,), value="Auto/A", source="user", why="gone", entry=entry)
        for photo, entry in zip((one, two), entries, strict=True)
    ]
    await PostgresVetoes(rig.pool).remember(vetoes)
    await rig.pool.execute("UPDATE vetoes SET state = 'lost'")
    assert (await rig.carried_out(ApplyRequest(entries=tuple(entries)))).left == 2
    lost = {veto.entry: veto.id for veto in await PostgresVetoes(rig.pool).standing(state="lost")}
    assert await rig.orders.put_back([lost[entries[1]]]) == (entries[1],)
    report = await rig.carried_out(ApplyRequest(entries=(entries[1],)))
    assert (report.done, report.left) == (1, 0)
    assert [await rig.tags(photo) for photo in (one, two)] == [frozenset(), {"Auto/A"}]
    assert await rig.orders.put_back() == (entries[0],)
    assert await rig.orders.put_back() == ()


async def test_an_accepted_tag_that_archives_does_so_though_the_process_died_in_between(rig: Rig) -> None:
    rig.categories = (Category(name="A", prompts=("paper",), similarity=0.5, action="tag_and_archive"),)
    photo = await rig.house.photo(1)
    entry = await rig.did(tag(photo, "Auto/A", sure=False))
    run = RunId("apply:1")
    asked = ApplyAsked(account=ME, entry=entry, feature="tags", photos=(photo,), run=run)
    services = rig.house.services(categories=rig.categories)
    first = await orders.apply([asked], services)
    await rig.performer().carry_out(first.changes, Cause(handler="apply", event=1, run=run))
    assert await rig.states(entry) == ["carried out"]
    # The process ends here, before what follows was told: the same is asked again.
    again = await orders.apply([asked], services)
    assert again.events == first.events != ()
