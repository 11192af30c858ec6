"""Whose money lies in an account that several victims paid into, and what a proposal leaves alone."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from antifraud.auth.service import Centre
from antifraud.cases.tracing import Told, _told_once, account_of, propose, trace_account, traced
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue, NotFound
from antifraud.installation import Installation
from tests.factories import commands
from tests.factories.cases import Story

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
ACCOUNT = UUID(int=1)


def told(key: str, case_no: str, amount: int | None, minute: int | None, way: str = "transfer") -> Told:
    at = None if minute is None else AT + timedelta(minutes=minute)
    return Told(id=key, case_no=case_no, way=way, asset="CNY", amount_minor=amount, earliest_at=at, latest_at=at)


def test_what_is_held_is_divided_by_the_presumption_that_traced_it() -> None:
    came = [told("a", "A", 100, 0), told("b", "B", 200, 5)]
    went = [told("x", "A", 150, 9)]
    first = traced(ACCOUNT, "CNY", "fifo", came=came, went=went, cash=[], held=120)
    assert first.tracing.left == {"a": 0, "b": 150}
    assert (first.unexplained_minor, first.proposal, first.unallocated) == (30, {"a": 0, "b": 120}, 0)
    last = traced(ACCOUNT, "CNY", "lifo", came=came, went=went, cash=[], held=120)
    assert last.tracing.left == {"a": 100, "b": 50}
    assert last.proposal == {"a": 100, "b": 20}
    shared = traced(ACCOUNT, "CNY", "pro_rata", came=came, went=went, cash=[], held=120)
    assert shared.tracing.left == {"a": 50, "b": 100}
    assert shared.by_case() == {"A": 40, "B": 80}


def test_more_held_than_the_payments_left_is_nobodys() -> None:
    one = traced(ACCOUNT, "CNY", "fifo", came=[told("a", "A", 100, 0)], went=[], cash=[], held=130)
    assert (one.proposal, one.unallocated, one.unexplained_minor) == ({"a": 100}, 30, 0)


def test_a_payment_without_an_amount_or_an_instant_is_left_out_and_named() -> None:
    came = [told("a", "A", 100, 0), told("b", "B", None, 1), told("c", "C", 50, None)]
    one = traced(ACCOUNT, "CNY", "fifo", came=came, went=[told("x", "A", 10, None)], cash=[], held=100)
    assert one.incomplete == ("b", "c", "x")
    assert one.proposal == {"a": 100}


def test_the_hash_names_exactly_what_was_traced() -> None:
    came = [told("a", "A", 100, 0), told("b", "B", 200, 5)]
    one = traced(ACCOUNT, "CNY", "fifo", came=came, went=[], cash=[], held=120)
    assert traced(ACCOUNT, "CNY", "fifo", came=came[::-1], went=[], cash=[], held=120).inputs_hash == one.inputs_hash
    assert traced(ACCOUNT, "CNY", "fifo", came=came, went=[], cash=[], held=121).inputs_hash != one.inputs_hash
    assert traced(ACCOUNT, "CNY", "lifo", came=came, went=[], cash=[], held=120).inputs_hash != one.inputs_hash


@pytest.fixture
def victims(installation: Installation, drill: Centre, clock: FrozenClock) -> tuple[Story, Story]:
    """Two cases whose victims paid the same account; 1000 and 3000 are stopped there, and 500 was drawn in cash."""
    first = Story(installation, drill, clock, amount=100_000)
    clock.advance(timedelta(minutes=3))
    second = Story(installation, drill, clock, source_ref="110-2", amount=300_000)
    for story, held, cash in ((first, 50_000, 50_000), (second, 300_000, 0)):
        story.deliver(story.request())
        story.answer(
            story.request(),
            "partial" if cash else "full",
            held_minor=held,
            arrived_minor=held + cash,
            withdrawn_minor=cash,
            balance_minor=350_000,
        )
    return first, second


def account(story: Story) -> UUID:
    return story.id_of("SELECT account_id FROM holds WHERE case_id = :case")


def test_an_account_is_traced_over_all_cases(victims: tuple[Story, Story]) -> None:
    first, second = victims
    assert account(first) == account(second)
    with first.installation.database.begin(first.centre.id) as connection:
        work = first.installation.work(connection, first.centre.id, "test")
        (one,) = trace_account(work, account(first), "lifo")
    assert [payment.amount_minor for payment in one.came] == [100_000, 300_000]
    assert [(payment.way, payment.amount_minor) for payment in one.went] == [("withdrawn", 50_000)]
    assert one.held_minor == 350_000
    assert sorted(one.by_case().values()) == [100_000, 250_000], "under lifo the second victim's money was drawn"
    assert one.tracing.uncertain, "when the cash left is not known"


def test_a_proposal_that_a_person_takes_is_a_note_and_changes_no_hold(victims: tuple[Story, Story]) -> None:
    first, second = victims
    before = first.value("SELECT jsonb_agg(to_jsonb(h) ORDER BY h.id) FROM holds h")
    with first.installation.database.begin(first.centre.id) as connection:
        work = first.installation.work(connection, first.centre.id, "user:officer")
        (one,) = propose(work, first.installation.mail(first.centre), first.case_id, account(second), "fifo")
    assert first.value("SELECT jsonb_agg(to_jsonb(h) ORDER BY h.id) FROM holds h") == before
    note = first.value("SELECT payload FROM entries WHERE kind = 'AllocationProposed'")
    assert (note["method"], note["inputs_hash"]) == ("fifo", one.inputs_hash)
    assert sum(note["shares"].values()) + note["unallocated_minor"] == note["held_minor"] == 350_000


def test_only_a_case_with_a_claim_on_the_account_takes_a_proposal_for_it(victims: tuple[Story, Story]) -> None:
    first, _ = victims
    payer = first.id_of("SELECT id FROM accounts WHERE id NOT IN (SELECT account_id FROM holds) LIMIT 1")
    with first.installation.database.begin(first.centre.id) as connection:
        work = first.installation.work(connection, first.centre.id, "user:officer")
        with pytest.raises(NotFound):
            propose(work, first.installation.mail(first.centre), first.case_id, payer, "fifo")
        with pytest.raises(NotFound):
            trace_account(work, UUID(int=5), "fifo")
        with pytest.raises(InvalidValue, match="fifo, lifo, pro_rata"):
            trace_account(work, account(first), "court")
        assert account_of(work, first.case_id, first.hold()) == account(first)


def test_the_command_prints_the_tracing_and_notes_it_only_when_asked(victims: tuple[Story, Story]) -> None:
    first, _ = victims
    no = str(first.value("SELECT no FROM cases WHERE id = :case"))
    common = ["case", "trace", no, "--account", str(first.hold()), "--centre", first.centre.code, "--method"]
    shown = commands.run(first.installation, *common, "pro_rata")
    assert shown.exit_code == 0, shown.output
    assert "proposal, not a decision:" in shown.output
    assert "held over all cases  3500.00 CNY" in shown.output
    assert first.value("SELECT count(*) FROM entries WHERE kind = 'AllocationProposed'") == 0
    taken = commands.run(first.installation, *common, "pro_rata", "--propose", "--json")
    (document,) = json.loads(taken.output)
    assert sum(document["proposal_by_case"].values()) == 350_000
    assert (
        first.value("SELECT payload->>'inputs_hash' FROM entries WHERE kind = 'AllocationProposed'")
        == (document["inputs_hash"])
    )


def test_a_payment_that_banks_told_in_two_cases_counts_once_and_alike_ones_apart() -> None:
    def row(key: int, case: int, report_id: int | None = None) -> SimpleNamespace:
        known = {"payer_account_id": 1, "payee_account_id": 2, "amount_minor": 5, "asset": "CNY"}
        return SimpleNamespace(
            id=key, case_id=case, report_id=report_id, no=str(case), earliest_at=AT, latest_at=AT, **known
        )

    told_by_banks = [row(1, 1), row(2, 1), row(3, 2), row(4, 2), row(5, 2)]
    assert [one.id for one in _told_once(told_by_banks)] == ["1", "2", "5"]
    assert len(_told_once([row(1, 1, 7), row(2, 2, 8)])) == 2, "each victim's own payment"


def test_a_claim_that_was_dropped_as_wrong_is_no_money(victims: tuple[Story, Story]) -> None:
    first, second = victims
    first.value("UPDATE holds SET state = 'dropped', held_minor = 0 WHERE case_id = :case RETURNING 1")
    with first.installation.database.begin(first.centre.id) as connection:
        work = first.installation.work(connection, first.centre.id, "test")
        (one,) = trace_account(work, account(second), "fifo")
    assert [payment.amount_minor for payment in one.came] == [300_000]
