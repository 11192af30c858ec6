"""Weeks of real cases in a real database: computed from their facts, published once, recomputed byte by byte."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from antifraud.audit.models import entries
from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.timeliness import service
from antifraud.timeliness.service import NotPublishable
from antifraud.timeliness.weeks import Week
from tests.antifraud.timeliness.driven import Drive

WEEK = Week.parse("2026-W48", "Asia/Shanghai")
NEXT = Week.parse("2026-W49", "Asia/Shanghai")
SUNDAY_EVENING = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
"""23:00 in the centre's zone, an hour before the week ends."""


def told(figures: service.WeekFigures, name: str) -> dict[str, Any]:
    return next(figure.values for figure in figures.figures if figure.measure.id == name)


def fraction(figures: service.WeekFigures, name: str) -> tuple[int, int]:
    values = told(figures, name)
    return values["numerator"], values["denominator"]


def a_week_with_one_of_each(drive: Drive) -> None:
    """Answered in time, answered late, refused for our own fault, never delivered."""
    drive.clock.set(SUNDAY_EVENING)
    prompt, slow, ours, mute = (drive.report() for _ in range(4))
    for order in (prompt, slow, ours):
        drive.deliver(order)
    drive.answer(prompt, "full", held=4_200_000)
    drive.answer(ours, "name_mismatch")
    drive.run_until(drive.clock.now() + timedelta(minutes=31))
    drive.answer(slow, "partial", held=1_000_000)
    assert mute != slow


def test_real_cases_give_the_weeks_figures(drive: Drive, drill: Centre) -> None:
    a_week_with_one_of_each(drive)
    week = drive.week(WEEK)
    answers = told(week, "answer_timeliness")
    assert (answers["numerator"], answers["denominator"]) == (1, 2)
    assert (answers["late"], answers["open"], answers["excluded"]) == (1, 0, 1)
    assert [row["institution"] for row in answers["institutions"]] == ["SIM-PROMPT"]
    assert fraction(week, "dispatch_timeliness") == (3, 4)
    assert fraction(week, "undelivered") == (1, 4)
    (cny,) = told(week, "hold_rate_by_value")["assets"]
    assert (cny["numerator_minor"], cny["denominator_minor"], cny["cases"]) == (5_200_000, 4 * 4_200_000, 4)
    first = told(week, "time_to_first_hold")
    assert (first["cases"], first["never_held"]) == (4, 2)
    assert week.document["centre"] == drill.code
    assert fraction(drive.week(NEXT), "answer_timeliness") == (0, 0)


def test_an_answer_at_the_due_instant_is_in_time_and_one_tick_later_is_late(drive: Drive, clock: FrozenClock) -> None:
    first, second = drive.report(), drive.report()
    drive.deliver(first)
    delivered_at = clock.now()
    drive.deliver(second)
    clock.set(delivered_at + timedelta(minutes=30))
    drive.answer(first, "full", held=1)
    clock.advance(timedelta(seconds=1, microseconds=1))
    drive.answer(second, "full", held=1)
    assert fraction(drive.week(WEEK), "answer_timeliness") == (1, 2)


def test_a_request_asked_on_sunday_whose_limit_ends_on_monday_counts_in_the_new_week(
    drive: Drive, clock: FrozenClock
) -> None:
    clock.set(WEEK.end - timedelta(minutes=30, seconds=1))
    order = drive.report()
    drive.deliver(order)  # a second later: due at Monday 00:00 exactly
    drive.answer(order, "full", held=1)
    assert fraction(drive.week(WEEK), "answer_timeliness") == (0, 0)
    assert fraction(drive.week(NEXT), "answer_timeliness") == (1, 1)
    assert fraction(drive.week(WEEK), "dispatch_timeliness") == (1, 1)


def test_the_live_centre_counts_nothing_of_the_drill(drive: Drive, live: Centre) -> None:
    a_week_with_one_of_each(drive)
    other = Drive(drive.installation, live, drive.clock)
    assert all(
        values.get("denominator", 0) == 0 and values.get("cases", 0) == 0
        for values in (figure.values for figure in other.week(WEEK).figures)
    )


# -- publication


def test_a_week_that_is_not_over_is_not_published(drive: Drive, clock: FrozenClock) -> None:
    clock.set(WEEK.end - timedelta(microseconds=1))
    with pytest.raises(NotPublishable, match="not over before 2026-11-29T16:00:00"):
        drive.publish(WEEK)
    clock.set(WEEK.end)
    assert drive.publish(WEEK).is_new


def test_a_week_is_published_once_and_again_says_so(drive: Drive) -> None:
    a_week_with_one_of_each(drive)
    drive.run_until(WEEK.end)
    first = drive.publish(WEEK)
    again = drive.publish(WEEK)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.snapshot == first.snapshot
    assert first.snapshot.edition == 1
    assert first.snapshot.published_by == "cli:test"
    with drive.work() as work:
        kinds = work.connection.execute(select(entries.c.kind).where(entries.c.stream.like("timeliness:%"))).all()
        assert service.recompute(work, first.snapshot) == ()
    assert [kind for (kind,) in kinds] == ["WeekPublished"]


def test_twenty_who_publish_at_one_instant_publish_one_edition(drive: Drive) -> None:
    drive.run_until(WEEK.end)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: drive.publish(WEEK), range(20)))
    assert sum(one.is_new for one in done) == 1
    assert len({one.snapshot.id for one in done}) == 1


def test_an_answer_after_the_publication_changes_neither_the_published_week_nor_its_share(
    drive: Drive, clock: FrozenClock
) -> None:
    clock.set(SUNDAY_EVENING)
    order = drive.report()
    drive.deliver(order)
    drive.run_until(WEEK.end)
    published = drive.publish(WEEK).snapshot
    assert fraction(drive.week(WEEK), "answer_timeliness") == (0, 1)
    clock.advance(timedelta(hours=2))
    drive.answer(order, "full", held=4_200_000)
    assert drive.publish(WEEK).snapshot == published
    assert fraction(drive.week(WEEK), "answer_timeliness") == (0, 1)
    with drive.work() as work:
        standing = service.latest(work, WEEK.name)
        assert standing == published
        assert service.recompute(work, published) == ()
        document = service.weekly_document(work, drive.centre, WEEK)
    assert document["status"] == "published"
    assert document["figures"] == published.document()["figures"]


def test_a_restatement_is_a_further_edition_with_a_reason_and_the_first_stays(drive: Drive, clock: FrozenClock) -> None:
    clock.set(SUNDAY_EVENING)
    order = drive.report()
    drive.deliver(order)
    drive.run_until(WEEK.end)
    first = drive.publish(WEEK).snapshot
    with pytest.raises(NotPublishable, match="the same figures"):
        drive.publish(WEEK, "nothing new")
    drive.answer(order, "full", held=4_200_000)
    second = drive.publish(WEEK, "  held after the cut-off ").snapshot
    assert (second.edition, second.reason) == (2, "held after the cut-off")
    assert fraction(drive.week(WEEK), "answer_timeliness") == (0, 1)
    with drive.work() as work:
        assert service.all_snapshots(work) == [first, second]
        assert [service.recompute(work, snapshot) for snapshot in (first, second)] == [(), ()]
        assert service.latest(work, WEEK.name) == second


def test_there_is_nothing_to_restate_before_the_first_publication(drive: Drive, clock: FrozenClock) -> None:
    clock.set(WEEK.end)
    with pytest.raises(NotPublishable, match="not published yet"):
        drive.publish(WEEK, "reason")
    drive.publish(WEEK)
    with pytest.raises(NotPublishable, match="reason"):
        drive.publish(WEEK, "  ")


def test_a_week_is_not_published_while_a_wait_of_it_is_still_to_be_recorded(drive: Drive, clock: FrozenClock) -> None:
    clock.set(SUNDAY_EVENING)
    drive.deliver(drive.report())
    clock.set(WEEK.end)
    with pytest.raises(NotPublishable, match="still to be recorded"):
        drive.publish(WEEK)
    drive.run_until(WEEK.end)
    assert drive.publish(WEEK).is_new


def test_week_53_of_2026_is_published_once(drive: Drive, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 12, 31, 15, 0, tzinfo=UTC))
    order = drive.report()
    drive.deliver(order)
    drive.answer(order, "full", held=1)
    week = Week.of(clock.now(), drive.centre.zone)
    assert week.name == "2026-W53"
    drive.run_until(week.end)
    assert drive.publish(week).is_new
    assert fraction(drive.week(Week.parse("2027-W01", drive.centre.zone)), "answer_timeliness") == (0, 0)


# -- recomputing


def test_a_published_week_cannot_be_changed_by_the_role_of_the_processes(drive: Drive, clock: FrozenClock) -> None:
    clock.set(WEEK.end)
    drive.publish(WEEK)
    for statement in ("UPDATE snapshots SET edition = 2", "DELETE FROM snapshots"):
        with pytest.raises(DBAPIError, match="permission denied"), drive.work() as work:
            work.connection.execute(text(statement))


def test_recomputing_finds_what_was_altered(drive: Drive) -> None:
    a_week_with_one_of_each(drive)
    drive.run_until(WEEK.end)
    good = drive.publish(WEEK).snapshot
    cases = {
        "answer_timeliness differs": replace(
            good, figures=good.figures.replace(b'"numerator":1,', b'"numerator":2,', 1)
        ),
        "stored hash": replace(good, inputs_hash=b"\0" * 32),
        "measures of version": replace(good, measures_version="77"),
        "cannot be read": replace(good, inputs={**good.inputs, "facts": [{}]}),
        "centre differs": replace(good, inputs={**good.inputs, "centre": "other"}),
    }
    facts = [dict(fact) for fact in good.inputs["facts"]]
    facts[0]["amount_minor"] = 1
    cases["is not what was published"] = replace(good, inputs={**good.inputs, "facts": facts})
    with drive.work() as work:
        for sentence, altered in cases.items():
            assert any(sentence in difference for difference in service.recompute(work, altered)), sentence
