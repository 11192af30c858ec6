"""What every week's figures promise, whatever the facts are."""

import json
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from antifraud.foundation.json import canonical
from antifraud.timeliness.facts import Fact
from antifraud.timeliness.inputs import inputs_from_json, inputs_to_json
from antifraud.timeliness.rules import percentage, relevant
from antifraud.timeliness.weeks import Week
from tests.antifraud.timeliness.made import BANK, OTHER_BANK, WEEK, Book, figures, inputs_of, whole_document

# A machine under load is slow, and that is no fault of the figures.
UNHURRIED = settings(deadline=None)
SHARES = ("answer_timeliness", "dispatch_timeliness", "undelivered", "stop_to_freeze")
# A little more than the week on either side, with the very edges often.
STARTS = st.one_of(
    st.sampled_from([0, 3_600 * 168, 3_600 * 168 - 1_800, -1_800, -120]),
    st.integers(-3_600 * 30, 3_600 * 200),
).map(lambda seconds: WEEK.start + timedelta(seconds=seconds))
TOOK = st.one_of(st.none(), st.integers(0, 7_200).map(lambda seconds: timedelta(seconds=seconds)))
KINDS = st.sampled_from(["dispatch", "delivery", "answer", "conversion"])
BANKS = st.sampled_from([BANK, OTHER_BANK, None])
AMOUNTS = st.one_of(st.none(), st.integers(0, 10**20))


def asked_for(kind: str, subject: UUID) -> str | None:
    """What the request of a box asks for: always the same for the same request."""
    return None if kind == "conversion" else ["stop", "second_stop", "freeze"][subject.int % 3]


@st.composite
def many_facts(draw: st.DrawFn) -> list[Fact]:
    book = Book(at=WEEK.start)
    for _ in range(draw(st.integers(0, 8))):
        subject, start, bank = UUID(int=draw(st.integers(1_000, 1_004))), draw(STARTS), draw(BANKS)
        for kind in draw(st.lists(KINDS, min_size=1, max_size=4)):
            verdict = draw(st.sampled_from([None, None, "excluded", "undelivered"]))
            box: dict[str, Any] = {"start": start, "took": draw(TOOK), "verdict": verdict, "subject_id": subject}
            book.box(kind, **box, institution_id=bank, request_kind=asked_for(kind, subject))
    for number in range(draw(st.integers(0, 6))):
        claim = book.case(
            draw(st.integers(0, 3)),
            claimed=draw(AMOUNTS),
            held=draw(AMOUNTS),
            start=draw(STARTS),
            asset=draw(st.sampled_from(["CNY", "USDT@tron"])),
            subject_id=UUID(int=2_000 + number),
        )
        if draw(st.booleans()):
            book.again(claim, kind="hold", amount_minor=0, verdict="excluded")
    return book.facts


def shares(values: dict[str, dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    return {name: tuple(values[name][key] for key in ("numerator", "denominator", "excluded")) for name in SHARES}


@UNHURRIED
@given(many_facts())
def test_a_numerator_is_never_more_than_its_denominator(facts: list[Fact]) -> None:
    told = figures(facts)
    for name in SHARES:
        for row in (told[name], *told[name]["institutions"]):
            assert 0 <= row["numerator"] <= row["denominator"]
    for row in told["hold_rate_by_value"]["assets"]:
        assert 0 <= int(row["numerator_minor"]) <= int(row["denominator_minor"])
        assert row["rate"] is None or row["denominator_minor"] != 0


@UNHURRIED
@given(many_facts())
def test_the_parts_of_the_institutions_make_the_whole(facts: list[Fact]) -> None:
    told = figures(facts)
    for name in SHARES:
        for key in ("numerator", "denominator", "late", "open", "excluded"):
            assert sum(row[key] for row in told[name]["institutions"]) == told[name][key]


@UNHURRIED
@given(many_facts(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_read_does_not_matter(facts: list[Fact], chance: Random) -> None:
    shuffled = [*facts, *facts]
    chance.shuffle(shuffled)
    assert canonical(whole_document(shuffled)) == canonical(whole_document(facts))


@UNHURRIED
@given(many_facts())
def test_the_stored_inputs_give_the_same_bytes_again(facts: list[Fact]) -> None:
    inputs = inputs_of(facts)
    stored = json.loads(json.dumps(inputs_to_json(inputs)))
    again = inputs_from_json(stored)
    assert again == inputs
    assert canonical(inputs_to_json(again)) == canonical(stored)
    assert relevant(WEEK, again.facts) == again.facts


@UNHURRIED
@given(many_facts(), st.timedeltas(timedelta(microseconds=1), timedelta(days=9)))
def test_what_comes_after_the_due_instant_changes_no_share(facts: list[Fact], later: timedelta) -> None:
    book = Book(at=WEEK.end + timedelta(days=30))
    book.facts = list(facts)
    for number, fact in enumerate(fact for fact in facts if fact.due_at is not None):
        late = {"stop_at": (fact.due_at or WEEK.end) + later, "verdict": "in_time" if number % 2 else "excluded"}
        book.again(fact, id=UUID(int=900_000 + number), **late)
    assert shares(figures(book.facts)) == shares(figures(facts))


@UNHURRIED
@given(many_facts())
def test_every_answer_box_and_every_case_is_counted_in_exactly_one_week(facts: list[Fact]) -> None:
    weeks = [Week.of(WEEK.start - timedelta(hours=100), WEEK.zone), WEEK, Week.of(WEEK.end, WEEK.zone)]
    told = [figures(facts, week) for week in weeks]
    for kind, name in (("answer", "answer_timeliness"), ("delivery", "undelivered")):
        subjects = {fact.subject_id for fact in facts if fact.kind == kind}
        counted = ("denominator", "excluded", "other_requests")
        assert sum(week[name][key] for week in told for key in counted) == len(subjects)
        stops = {subject for subject in subjects if asked_for(kind, subject) != "freeze"}
        assert sum(week[name][key] for week in told for key in counted[:2]) == len(stops)
    cases = {fact.case_id for fact in facts if fact.kind == "claim"}
    assert sum(week["time_to_first_hold"]["cases"] for week in told) == len(cases)


@UNHURRIED
@given(st.integers(0, 10**40), st.integers(1, 10**40))
def test_only_all_is_a_hundred_per_cent(part: int, whole: int) -> None:
    part = min(part, whole)
    assert (percentage(part, whole) == "100.0") == (part == whole)
