"""The published cases are all accepted, none lost, nothing invented; the drill keeps what they tell."""

import csv
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.banks.checksums import luhn
from antifraud.foundation.json import canonical
from antifraud.foundation.problems import InvalidReport, Problem
from antifraud.intake.profiles import (
    PROFILES,
    AccountScript,
    CompletedCase,
    DrillInstitution,
    completed,
    profile,
    published_case,
    published_cases,
)
from antifraud.intake.schemas import understand

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
BANKS = tuple(DrillInstitution(f"SIM-{place}", f"99910{place}") for place in range(1, 7))
CASES = {str(case["id"]): cast("dict[str, Any]", case) for case in published_cases()}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(set(CASES["cn-nanning-20160518"]) - {"id"})
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def play(name: str) -> CompletedCase:
    return completed(CASES[name], now=NOW, accounts=BANKS)


def outcomes(name: str) -> list[tuple[str, int]]:
    return [(script.outcome, script.held_minor) for script in play(name).scripts]


def test_there_are_seventy_cases_and_no_two_share_a_name() -> None:
    assert len(published_cases()) == len(CASES) == 70


@every_case
def test_a_published_case_is_historical_and_nothing_in_it_is_lost_or_invented(case: dict[str, Any]) -> None:
    facts = published_case(case, now=NOW)
    assert (facts.source_ref, facts.origin, facts.channel) == (case["id"], "historical", "published")
    assert (facts.narrative, facts.place, facts.fraud_type) == (case["narrative"], case["place"], case["fraud_type"])
    assert [one.amount_minor for one in facts.transfers] == [row["amount_minor"] for row in case["transfers"]]
    assert [one.at and one.at.local for one in facts.transfers] == [row["at"] for row in case["transfers"]]
    assert [one.note for one in facts.transfers] == [row["note"] for row in case["transfers"]]
    ends = [(one.payer and one.payer.institution, one.payee and one.payee.institution) for one in facts.transfers]
    assert ends == [(row["from"]["institution"], row["to"]["institution"]) for row in case["transfers"]]
    assert (facts.reported and facts.reported.local) == case["reported_at"]
    assert (facts.parties, facts.loss_minor, facts.confirmations, facts.authority) == ((), None, (), None)
    assert all(one.reference is None and one.hop is None for one in facts.transfers)
    assert all(end.number is None for one in facts.transfers for end in (one.payer, one.payee) if end)
    for key in (
        "stops",
        "outcome",
        "unknowns",
        "counts",
        "returned_minor",
        "source_url_or_publisher",
        "reported_at_partial",
    ):
        assert facts.extra.get(key) == case.get(key)


@every_case
def test_what_a_published_case_does_not_say_is_flagged(case: dict[str, Any]) -> None:
    facts = published_case(case, now=NOW)
    found = Counter(flag.code for flag in facts.flags)
    assert found["amount-missing"] == sum(row["amount_minor"] is None for row in case["transfers"])
    assert found["time-missing"] == sum(row["at"] is None for row in case["transfers"])
    assert found["reported-at-missing"] == (case["reported_at"] is None)
    assert found["reported-at-partial"] == ("reported_at_partial" in case)
    assert found["source-silent"] == bool(case["unknowns"])
    assert canonical(facts.extra)


def test_times_keep_the_published_precision() -> None:
    facts = {name: published_case(case, now=NOW) for name, case in CASES.items()}
    assert {name: one.reported.precision for name, one in facts.items() if one.reported}.items() >= {
        "cn-harbin-20160924": "minute",
        "hk-gz-20150630": "hour",
        "cn-xuchang-20230628": "day",
        "hk-spain-201807": "month",
    }.items()


def test_a_time_without_a_year_never_becomes_an_instant() -> None:
    facts = published_case(CASES["cn-xiamen-20w-90min"], now=NOW)
    assert facts.reported is None
    assert facts.extra["reported_at_partial"] == "--09-27T16:45"


def test_last_digits_are_shown_and_are_no_number() -> None:
    row = {"from": {"institution": "ICBC", "last_digits": "1234"}, "to": None}
    facts = published_case({"id": "x", "transfers": [row]}, now=NOW)
    assert facts.transfers[0].payer is not None
    assert (facts.transfers[0].payer.number, facts.transfers[0].payer.masked) == (None, "****1234")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"zone": "Nowhere"}, "/reported_at"),
        ({"currency": "RMB", "transfers": [{"amount_minor": 1}]}, "/transfers/0/currency"),
        ({"transfers": [{"amount_minor": 1.5}]}, "/transfers/0/amount_minor"),
        ({"reported_at": "2027-01-01"}, "/reported_at"),
        ({"counts": {"a": {"b": "\x00"}}}, "/counts/a/b"),
    ],
)
def test_a_case_that_cannot_mean_anything_is_refused_at_its_place(change: dict[str, object], pointer: str) -> None:
    with pytest.raises(InvalidReport) as caught:
        published_case(CASES["cn-harbin-20160924"] | change, now=NOW)
    assert pointer in [one["pointer"] for one in caught.value.errors]


@given(VALUES)
def test_no_document_gives_anything_but_facts_or_a_problem(document: object) -> None:
    with suppress(Problem):
        published_case(document, now=NOW)


@given(st.fixed_dictionaries({"id": st.just("x")}, optional=dict.fromkeys(FIELDS, VALUES)))
def test_no_value_in_any_field_gives_anything_but_facts_or_a_problem(document: dict[str, object]) -> None:
    with suppress(Problem):
        assert canonical(published_case(document, now=NOW).extra)


def test_profiles_are_found_by_name() -> None:
    assert sorted(PROFILES) == ["native", "published-case"]
    assert profile("native") is PROFILES["native"]
    with pytest.raises(InvalidReport, match="native, published-case"):
        profile("unknown")


@every_case
def test_a_completed_case_is_a_native_report_of_now_without_a_gap(case: dict[str, Any]) -> None:
    facts = understand(completed(case, now=NOW, accounts=BANKS).document, now=NOW)
    assert facts.reported is not None
    assert (facts.reported.earliest, facts.origin, facts.confirmations) == (NOW, "live", ())
    # Payments of a long fraud lie apart: the first of them are old.
    assert {flag.code for flag in facts.flags} <= {"transfers-missing", "payment-old"}
    for transfer in facts.transfers:
        assert transfer.at is not None
        assert NOW - timedelta(days=30) < transfer.at.earliest < NOW
        for end in (transfer.payer, transfer.payee):
            assert end is not None
            assert end.number is not None
            assert end.scheme == "card"
            assert luhn(end.number)
            assert (end.institution, end.number[:6]) in {(bank.code, bank.bin_prefix) for bank in BANKS}


@every_case
def test_every_suspect_account_has_one_script_and_money_is_neither_made_nor_counted_twice(case: dict[str, Any]) -> None:
    made = completed(case, now=NOW, accounts=BANKS)
    scripts = {script.number: script for script in made.scripts}
    assert len(scripts) == len(made.scripts)
    incoming: Counter[str] = Counter()
    for transfer in understand(made.document, now=NOW).transfers:
        assert transfer.payee is not None
        incoming[str(transfer.payee.number)] += transfer.amount_minor or 0
    for script in made.scripts:
        for move in script.moves:
            assert scripts[move.to_number].institution == move.to_institution
            incoming[move.to_number] += move.amount_minor
    for script in made.scripts:
        assert 0 <= script.held_minor <= script.balance_minor <= incoming[script.number]
        assert script.held_minor + sum(move.amount_minor for move in script.moves) <= incoming[script.number]
        assert script.after_seconds > 0
        assert fits(script, incoming[script.number])


def fits(script: AccountScript, received: int) -> bool:
    match script.outcome:
        case "full":
            return script.held_minor == received
        case "partial":
            return 0 < script.held_minor < received
        case "moved_on":
            return bool(script.moves)
        case "gone":
            return script.held_minor == 0 and script.balance_minor == 0
        case "silent":
            return script.held_minor == 0


def test_the_scripts_do_what_the_sources_tell() -> None:
    assert outcomes("cn-harbin-20160924") == [("full", 13000000)]
    assert outcomes("cn-xiamen-20180109") == [("partial", 78000000)]
    assert outcomes("cn-maoming-0613") == [("gone", 0), ("full", 18000000)]
    assert outcomes("cn-pos-1018") == [("moved_on", 0), ("partial", 4100000)]
    assert outcomes("uk-h-201910") == [("gone", 0)]
    assert outcomes("br-nubank-28136") == [("gone", 0)]
    assert outcomes("cn-xiamen-20160627") == [("silent", 0)]
    assert outcomes("in-nacharam-1crore") == [("full", 500000000), ("full", 500000000), ("full", 1000500)]
    assert outcomes("sg-timor-20240719") == [("partial", 4100000000)]
    assert outcomes("cn-baode-2021-08") == [("partial", 1300000)]


def test_a_stop_takes_as_long_as_it_took_and_says_when_that_is_assumed() -> None:
    (harbin,) = play("cn-harbin-20160924").scripts
    (jammu,) = play("in-jammu-0206").scripts
    (yuechi,) = play("cn-yuechi-20220329").scripts
    assert (harbin.after_seconds, harbin.assumed) == (180, ())
    assert jammu.after_seconds == 10800
    assert (yuechi.after_seconds, yuechi.assumed) == (600, ("after_seconds",))


def test_money_that_moved_on_names_the_next_accounts() -> None:
    first, second, *last = play("cn-xiamen-20150914").scripts
    assert [move.to_number for move in first.moves] == [second.number]
    assert [move.to_number for move in second.moves] == [script.number for script in last]
    assert (first.after_seconds, len(last)) == (480, 2)


def test_one_published_institution_is_one_simulated_institution() -> None:
    first, second, third = play("cn-guangzhou-20151015").scripts
    assert first.institution == second.institution != third.institution


def test_a_second_play_is_another_payment_to_the_same_accounts() -> None:
    first, again = (
        play("cn-meixian-0705"),
        completed(CASES["cn-meixian-0705"], now=NOW + timedelta(hours=1), accounts=BANKS),
    )
    assert first == play("cn-meixian-0705")
    assert first.scripts == again.scripts
    one, two = (understand(made.document, now=NOW + timedelta(hours=1)) for made in (first, again))
    assert one.source_ref != two.source_ref
    assert {row.reference for row in one.transfers}.isdisjoint(row.reference for row in two.transfers)


def test_a_play_of_another_name_meets_other_accounts() -> None:
    first, other = play("cn-meixian-0705"), completed(CASES["cn-meixian-0705"], now=NOW, accounts=BANKS, play="two")
    assert {script.number for script in first.scripts}.isdisjoint(script.number for script in other.scripts)


def test_what_did_not_move_on_is_held_where_it_is() -> None:
    assert outcomes("cn-guangzhou-20151015") == [("partial", 1000000), ("partial", 239000000), ("full", 1760000000)]


def test_payments_lie_as_long_before_the_report_as_they_did() -> None:
    (transfer,) = understand(play("cn-harbin-20160924").document, now=NOW).transfers
    assert transfer.at is not None
    assert NOW - transfer.at.earliest == timedelta(hours=4, minutes=7)


def test_the_directory_has_157_institutions_and_no_code_twice() -> None:
    text = resources.files("antifraud.banks").joinpath("data", "institutions.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    known = {row["code"] for row in rows}
    assert len(rows) == len(known) == 157
    assert {row["kind"] for row in rows} == {"bank", "payment", "crypto"}
    used = {
        end["institution"] for case in CASES.values() for row in case["transfers"] for end in (row["from"], row["to"])
    }
    assert used - {None} <= known
    prefixes = Counter(prefix for row in rows for prefix in row["bin_prefixes"].split("|") if prefix)
    assert max(prefixes.values()) == 1


def test_a_case_with_fields_that_nobody_named_yet_is_accepted_and_keeps_them() -> None:
    case = deepcopy(cast("dict[str, Any]", published_cases()[0]))
    case["recovered_by"] = "court"
    case["transfers"][0]["hop_label"] = "A"
    case["transfers"][0]["to"]["branch"] = "somewhere"
    facts = published_case(case, now=NOW)
    assert facts.extra["recovered_by"] == "court"
    assert len(facts.transfers) == len(case["transfers"])
