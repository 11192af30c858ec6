"""What counts for a week's figures, one example each."""

from datetime import timedelta
from uuid import UUID

import pytest

from antifraud.timeliness.rules import nearest_rank, percentage
from antifraud.timeliness.weeks import Week
from tests.antifraud.timeliness.made import BANK, HALF_AN_HOUR, OTHER_BANK, TUESDAY, WEEK, Book, all_figures, figures

TICK = timedelta(microseconds=1)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


# -- boxes


def test_a_bank_that_answers_at_the_due_instant_is_in_time() -> None:
    book = Book()
    book.box("answer", took=HALF_AN_HOUR)
    book.box("answer", took=HALF_AN_HOUR + TICK)
    answers = figures(book.facts)["answer_timeliness"]
    assert (answers["numerator"], answers["denominator"], answers["late"]) == (1, 2, 1)


def test_a_box_that_ends_on_monday_at_midnight_belongs_to_the_new_week() -> None:
    book = Book()
    book.box("answer", start=WEEK.end - HALF_AN_HOUR, took=minutes(1))
    assert figures(book.facts)["answer_timeliness"]["denominator"] == 0
    following = Week.of(WEEK.end, WEEK.zone)
    assert figures(book.facts, following)["answer_timeliness"]["denominator"] == 1


def test_a_box_that_ends_one_tick_before_monday_belongs_to_the_old_week() -> None:
    book = Book()
    book.box("answer", start=WEEK.end - HALF_AN_HOUR - TICK, took=None)
    answers = figures(book.facts)["answer_timeliness"]
    assert (answers["numerator"], answers["denominator"], answers["open"]) == (0, 1, 1)


def test_open_and_late_both_count_as_late_and_are_told_apart_beside() -> None:
    book = Book()
    book.box("answer", took=None)
    book.again(book.box("answer", took=None), stop_at=TUESDAY + minutes(40))
    answers = figures(book.facts)["answer_timeliness"]
    assert (answers["numerator"], answers["denominator"]) == (0, 2)
    assert (answers["open"], answers["late"]) == (1, 1)


def test_a_late_answer_never_turns_timely_whatever_its_fact_says() -> None:
    book = Book()
    late = book.box("answer", took=None)
    book.again(late, stop_at=TUESDAY + minutes(31), verdict="in_time")
    assert figures(book.facts)["answer_timeliness"]["numerator"] == 0


def test_an_answer_that_came_in_time_and_was_written_after_the_clock_fired_is_in_time() -> None:
    book = Book()
    book.again(book.box("answer", took=None), stop_at=TUESDAY + minutes(30), verdict="in_time")
    assert figures(book.facts)["answer_timeliness"]["numerator"] == 1


def test_what_is_refused_for_our_own_fault_is_printed_beside() -> None:
    book = Book()
    book.box("answer", took=minutes(5), verdict="excluded")
    book.box("answer", took=minutes(5))
    answers = figures(book.facts)["answer_timeliness"]
    assert (answers["numerator"], answers["denominator"], answers["excluded"]) == (1, 1, 1)


def test_our_own_fault_told_after_the_limit_does_not_take_the_lateness_away() -> None:
    book = Book()
    book.again(book.box("answer", took=None), stop_at=TUESDAY + minutes(31), verdict="excluded")
    answers = figures(book.facts)["answer_timeliness"]
    assert (answers["denominator"], answers["excluded"], answers["late"]) == (1, 0, 1)


def test_an_order_that_was_not_delivered_by_its_limit_is_late_in_dispatch_and_counted_as_undelivered() -> None:
    book = Book()
    book.box("delivery", limit=minutes(2), verdict="undelivered")
    told = figures(book.facts)
    assert (told["dispatch_timeliness"]["numerator"], told["dispatch_timeliness"]["denominator"]) == (0, 1)
    assert (told["undelivered"]["numerator"], told["undelivered"]["denominator"], told["undelivered"]["open"]) == (
        1,
        1,
        1,
    )


def test_an_order_of_which_no_dispatch_was_recorded_is_never_in_time() -> None:
    book = Book()
    book.box("delivery", limit=minutes(2), took=minutes(1))
    told = figures(book.facts)["dispatch_timeliness"]
    assert (told["numerator"], told["denominator"], told["open"]) == (0, 1, 1)


def test_dispatch_is_in_time_up_to_its_limit() -> None:
    book = Book()
    for took in (minutes(1), minutes(1) + TICK):
        sent = book.box("dispatch", limit=minutes(1), took=took)
        book.box("delivery", limit=minutes(2), took=minutes(1.5), subject_id=sent.subject_id)
    told = figures(book.facts)
    assert (told["dispatch_timeliness"]["numerator"], told["dispatch_timeliness"]["denominator"]) == (1, 2)
    assert (told["undelivered"]["numerator"], told["undelivered"]["denominator"]) == (0, 2)


def test_an_order_that_waited_for_a_person_since_last_week_counts_in_the_week_in_which_it_was_made() -> None:
    book = Book()
    sent = book.box("dispatch", start=WEEK.start - timedelta(days=2), limit=minutes(1), took=timedelta(days=3))
    book.box("delivery", limit=minutes(2), took=minutes(1), subject_id=sent.subject_id)
    told = figures(book.facts)["dispatch_timeliness"]
    assert (told["numerator"], told["denominator"], told["late"]) == (0, 1, 1)
    last_week = Week.of(WEEK.start - TICK, WEEK.zone)
    assert figures(book.facts, last_week)["dispatch_timeliness"]["denominator"] == 0


def test_a_stop_term_that_lapsed_and_its_second_term_are_two() -> None:
    book = Book()
    two_days = timedelta(days=2)
    first = book.box("conversion", limit=two_days, took=None, verdict="missing")
    book.again(first, due_at=TUESDAY + two_days * 2, stop_at=TUESDAY + two_days * 2, verdict="in_time")
    book.box("conversion", limit=two_days, verdict="excluded")
    told = figures(book.facts)["stop_to_freeze"]
    assert (told["numerator"], told["denominator"], told["excluded"]) == (1, 2, 1)


def test_stops_and_second_stops_are_counted_and_of_other_requests_only_the_number_is_printed() -> None:
    book = Book()
    for kind in ("answer", "dispatch", "delivery"):
        for asked in ("stop", "second_stop", "freeze", "release", "return", "extend"):
            book.box(kind, took=minutes(40 if asked in {"stop", "freeze"} else 1), request_kind=asked)
    told = all_figures(book.facts)
    for name in ("answer_timeliness", "dispatch_timeliness", "undelivered"):
        values = told[name].values
        assert values["request_kinds"] == ["stop", "second_stop"]
        assert sum(row["denominator"] for row in values["institutions"]) == values["denominator"]
        others = [item for item in told[name].items if item.counted == "other_request"]
        assert len(others) == values["other_requests"]
    answers = told["answer_timeliness"].values
    assert (answers["numerator"], answers["denominator"], answers["other_requests"]) == (1, 2, 4)
    assert (told["undelivered"].values["numerator"], told["undelivered"].values["denominator"]) == (1, 2)


def test_every_stop_term_counts_whatever_asked_for_it() -> None:
    book = Book()
    book.box("conversion", limit=timedelta(days=2), took=minutes(5))
    told = figures(book.facts)["stop_to_freeze"]
    assert (told["denominator"], told["request_kinds"], told["other_requests"]) == (1, None, 0)


def test_each_institution_has_its_own_fraction_and_the_parts_make_the_whole() -> None:
    book = Book()
    for _ in range(31):
        book.box("answer", took=minutes(5))
    book.box("answer", took=None, institution_id=OTHER_BANK)
    answers = figures(book.facts)["answer_timeliness"]
    prompt, slow = answers["institutions"]
    assert (prompt["institution"], prompt["rate"], prompt["comparable"]) == ("SIM-PROMPT", "100.0", True)
    assert (slow["institution"], slow["numerator"], slow["denominator"]) == ("SIM-SLOW", 0, 1)
    assert (slow["rate"], slow["rate_withheld"], slow["comparable"]) == (None, "below_publish_minimum", False)
    assert answers["rate"] == "96.9"


def test_a_week_with_nothing_has_no_rate() -> None:
    answers = figures([])["answer_timeliness"]
    assert (answers["numerator"], answers["denominator"]) == (0, 0)
    assert (answers["rate"], answers["rate_withheld"]) == (None, "nothing_to_count")


def test_what_was_counted_can_be_listed_with_its_facts() -> None:
    book = Book()
    fact = book.box("answer", took=None)
    late = book.again(fact, stop_at=TUESDAY + minutes(40))
    (item,) = all_figures(book.facts)["answer_timeliness"].items
    assert (item.subject_id, item.counted, item.facts) == (fact.subject_id, "late", (fact.id, late.id))


# -- money


def test_held_money_is_capped_at_what_was_claimed_in_the_case() -> None:
    book = Book()
    for number in range(5):
        book.case(number, claimed=1_000, held=400)
    book.case(5, claimed=1_000, held=9_000)
    (cny,) = figures(book.facts)["hold_rate_by_value"]["assets"]
    assert (cny["numerator_minor"], cny["denominator_minor"]) == (5 * 400 + 1_000, 6_000)
    assert (cny["rate"], cny["cases"], cny["held_beyond_claims_minor"]) == ("50.0", 6, 8_000)


def test_money_that_moved_on_and_is_held_at_two_tiers_is_counted_once() -> None:
    book = Book()
    claim = book.case(1, claimed=1_000, held=600)
    book.add("hold", case_id=claim.case_id, amount_minor=600, asset="CNY", stop_at=TUESDAY + minutes(9))
    (cny,) = figures(book.facts)["hold_rate_by_value"]["assets"]
    assert (cny["numerator_minor"], cny["denominator_minor"]) == (1_000, 1_000)


def test_assets_are_never_added() -> None:
    book = Book()
    book.case(1, claimed=1_000, held=1_000)
    book.case(2, claimed=70, held=0, asset="USDT@tron")
    told = figures(book.facts)["hold_rate_by_value"]
    assert [(row["asset"], row["numerator_minor"], row["denominator_minor"]) for row in told["assets"]] == [
        ("CNY", 1_000, 1_000),
        ("USDT@tron", 0, 70),
    ]


def test_money_in_question_counts_as_nothing_until_it_is_settled() -> None:
    book = Book()
    claim = book.case(1, claimed=1_000, held=800)
    held = book.facts[-1]
    out = book.again(held, amount_minor=0, verdict="excluded")
    told = figures(book.facts)
    assert told["hold_rate_by_value"]["assets"][0]["numerator_minor"] == 0
    assert told["time_to_first_hold"]["never_held"] == 1
    book.again(out, amount_minor=300, verdict="counted")
    assert figures(book.facts)["hold_rate_by_value"]["assets"][0]["numerator_minor"] == 300
    assert claim.case_id == out.case_id


def test_amounts_above_two_to_the_53_stay_exact() -> None:
    book = Book()
    book.case(1, claimed=10**30, held=10**30 - 1)
    (row,) = figures(book.facts)["hold_rate_by_value"]["assets"]
    assert row["numerator_minor"] == str(10**30 - 1)


def test_a_claim_without_an_amount_is_a_case_all_the_same() -> None:
    book = Book()
    book.case(1, claimed=None)
    told = figures(book.facts)
    assert told["hold_rate_by_value"]["cases_with_unknown_amount"] == 1
    assert told["time_to_first_hold"]["cases"] == 1


def test_a_case_belongs_to_the_week_of_its_first_claim_with_all_its_claims() -> None:
    book = Book()
    claim = book.case(1, claimed=1_000, start=WEEK.end - TICK)
    book.add("claim", case_id=claim.case_id, start_at=WEEK.end + minutes(1), amount_minor=500, asset="CNY")
    assert figures(book.facts)["hold_rate_by_value"]["assets"][0]["denominator_minor"] == 1_500
    assert figures(book.facts, Week.of(WEEK.end, WEEK.zone))["hold_rate_by_value"]["cases"] == 0


def test_a_wrong_claim_takes_its_money_and_its_case_out() -> None:
    book = Book()
    book.case(1, claimed=1_000)
    wrong = book.case(2, claimed=9_000)
    book.again(wrong, verdict="excluded")
    told = figures(book.facts)
    assert told["hold_rate_by_value"]["assets"][0]["denominator_minor"] == 1_000
    assert told["time_to_first_hold"]["cases"] == 1


# -- time to first hold


def test_median_and_p90_are_nearest_rank_and_those_never_held_come_last() -> None:
    book = Book()
    for number in range(10):
        book.case(number, claimed=100, held=100, after=10 * (number + 1))
    for number in range(10, 14):
        book.case(number, claimed=100)
    told = figures(book.facts)["time_to_first_hold"]
    assert (told["cases"], told["never_held"]) == (14, 4)
    assert told["of_held"] == {"cases": 10, "median_ms": 50_000, "p90_ms": 90_000}
    assert told["of_all"] == {"cases": 14, "median_ms": 70_000, "p90_ms": None}


def test_the_first_of_several_holds_counts_and_one_before_the_acceptance_took_no_time() -> None:
    book = Book()
    for number in range(5):
        claim = book.case(number, claimed=100, held=50, after=600)
        book.add("hold", case_id=claim.case_id, amount_minor=5, asset="CNY", stop_at=TUESDAY - minutes(1))
    assert figures(book.facts)["time_to_first_hold"]["of_held"]["median_ms"] == 0


def test_few_cases_have_no_median() -> None:
    book = Book()
    book.case(1, claimed=100, held=100)
    assert figures(book.facts)["time_to_first_hold"]["of_held"] == {"cases": 1, "median_ms": None, "p90_ms": None}


# -- arithmetic


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (1, 1, "100.0"),
        (9_996, 10_000, "99.9"),
        (99_999_999, 100_000_000, "99.9"),
        (0, 7, "0.0"),
        (1, 2_000, "0.1"),
        (1, 2_001, "0.0"),
        (1, 3, "33.3"),
        (2, 3, "66.7"),
        (1_245, 10_000, "12.5"),
        (0, 0, None),
    ],
)
def test_percentages_are_half_up_and_never_all_of_less(part: int, whole: int, text: str | None) -> None:
    assert percentage(part, whole) == text


@pytest.mark.parametrize(
    ("rising", "percent", "value"),
    [([], 50, None), ([7], 50, 7), ([7], 90, 7), ([1, 2], 50, 1), ([1, 2, 3], 50, 2), (list(range(1, 11)), 90, 9)],
)
def test_nearest_rank(rising: list[int], percent: int, value: int | None) -> None:
    assert nearest_rank(rising, percent) == value


def test_facts_of_other_weeks_and_cases_are_no_inputs() -> None:
    book = Book()
    kept = book.box("answer", took=minutes(3))
    book.box("answer", start=WEEK.end, took=minutes(3), case_id=UUID(int=7))
    book.add("hold", case_id=UUID(int=8), amount_minor=5, asset="CNY", institution_id=BANK)
    (item,) = all_figures(book.facts)["answer_timeliness"].items
    assert item.facts == (kept.id,)
