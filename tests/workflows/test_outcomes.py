"""One test per row of the table of outcomes: what an institution says, what becomes of the hold."""

from collections.abc import Callable

import pytest

from tests.workflows.driver import CN, Driver, seconds
from workflows import effects as fx
from workflows import events as ev

ROWS = [
    # outcome, held, state of the hold, tasks on the hold, verdict of the answer
    ("full", 100_000, "stopped", set(), "in_time"),
    ("partial", 40_000, "stopped", {"query_flow"}, "in_time"),
    ("gone", None, "none", {"query_flow", "trace_cash"}, "in_time"),
    ("moved_on", None, "none", {"query_flow"}, "in_time"),
    ("no_account", None, "in_question", {"recheck_number"}, "in_time"),
    ("name_mismatch", None, "in_question", {"call_back_victim"}, "excluded"),
    ("already_stopped", None, "queued_behind", {"find_owner"}, "in_time"),
    ("prior_freeze", None, "queued_behind", {"contact_prior_unit"}, "in_time"),
    ("count_exceeded", None, "none", {"count_exceeded"}, "in_time"),
    ("whitelist", None, "in_question", {"leader_decides"}, "in_time"),
    ("lost_card", None, "asked", {"ask_stop_again"}, "in_time"),
    ("closed", None, "none", {"find_payout"}, "in_time"),
    ("doc_missing", None, "asked", {"attach_and_resend"}, "excluded"),
    ("unsupported", None, "asked", {"other_channel"}, "in_time"),
    ("refused", None, "in_question", {"escalate_refusal"}, "in_time"),
    ("expired_op", None, "in_question", {"stop_again_or_freeze"}, "in_time"),
]


@pytest.mark.parametrize(("outcome", "held", "state", "tasks", "verdict"), ROWS, ids=[row[0] for row in ROWS])
def test_a_conclusive_answer_to_a_stop(
    outcome: str, held: int | None, state: str, tasks: set[str], verdict: str
) -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, outcome, held_minor=held, executed_at=procedure.at)
    hold = procedure.hold(hold_id)
    assert hold.state == state
    assert hold.held_minor == (held or 0)
    assert procedure.task_kinds(hold_id) - {"review_stop"} == tasks
    assert procedure.verdicts("answer", request.id) == [verdict]
    assert procedure.request_of(hold_id).stage == "answered"


@pytest.mark.parametrize(
    ("outcome", "task"),
    [("received", None), ("sys_error", "query_state"), ("other", "read_answer"), ("a_code_of_tomorrow", "read_answer")],
)
def test_a_pending_answer_keeps_the_clock(outcome: str, task: str | None) -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    due = procedure.clock("answer", request.id).due_at
    procedure.answer(request.id, outcome)
    assert procedure.clock("answer", request.id).due_at == due
    assert procedure.request_of(hold_id).stage == "received"
    assert procedure.verdicts("answer", request.id) == []
    assert procedure.task_kinds(request.id) - {"hand_in_papers"} == ({task} if task else set())


LATER = [
    ("second_stop", "full", "stopped"),
    ("second_stop", "partial", "stopped"),
    ("second_stop", "count_exceeded", "stopped"),
    ("second_stop", "expired_op", "stopped"),
    ("second_stop", "gone", "stopped"),
    ("freeze", "full", "frozen"),
    ("freeze", "frozen", "frozen"),
    ("freeze", "partial", "frozen"),
    ("freeze", "prior_freeze", "queued_behind"),
    ("freeze", "doc_missing", "stopped"),
    ("freeze", "refused", "stopped"),
    ("release", "released", "released"),
    ("release", "full", "released"),
    ("release", "expired_op", "released"),
    ("release", "refused", "stopped"),
    ("extend", "extended", "stopped"),
    ("extend", "full", "stopped"),
    ("extend", "expired_op", "stopped"),
    ("extend", "count_exceeded", "stopped"),
]


@pytest.mark.parametrize(("kind", "outcome", "state"), LATER, ids=[f"{row[0]}-{row[1]}" for row in LATER])
def test_a_conclusive_answer_to_a_later_request(kind: str, outcome: str, state: str) -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    procedure.file()
    request_id = procedure.approve(procedure.ask(hold_id, kind))
    procedure.deliver(request_id)
    procedure.answer(request_id, outcome, held_minor=90_000, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == state
    assert procedure.state.requests[request_id].stage == "answered"


def test_a_return_ends_the_hold() -> None:
    procedure = Driver()
    hold_id = procedure.frozen()
    request_id = procedure.approve(procedure.ask(hold_id, "return", amount_minor=100_000))
    procedure.deliver(request_id)
    procedure.answer(request_id, "returned", held_minor=100_000)
    assert procedure.hold(hold_id).state == "returned"
    assert procedure.state.requests[request_id].executed_minor == 100_000


def test_every_outcome_of_every_kind_leaves_a_state_that_somebody_watches() -> None:
    # The driver looks at all invariants; this walks the whole product of kinds and outcomes.
    prepared: dict[str, Callable[[Driver], object]] = {
        "stop": lambda procedure: procedure.claim(),
        "second_stop": lambda procedure: procedure.stopped(),
        "extend": lambda procedure: procedure.stopped(),
        "freeze": lambda procedure: procedure.stopped(),
        "release": lambda procedure: procedure.stopped(),
        "return": lambda procedure: procedure.frozen(),
    }
    assert set(prepared) == set(CN.requests)
    for kind, prepare in prepared.items():
        for outcome in [*CN.outcomes, "unheard_of"]:
            procedure = Driver()
            prepare(procedure)
            (hold_id,) = procedure.state.holds
            if kind != "stop":
                if procedure.state.filing is None:
                    procedure.file()
                procedure.approve(procedure.ask(hold_id, kind))
            request = procedure.request_of(hold_id, kind)
            procedure.deliver(request.id)
            procedure.answer(request.id, outcome, held_minor=50_000, executed_at=procedure.at)
            after = procedure.request_of(hold_id, kind)
            expected = CN.outcome_of(outcome, kind)
            assert (after.stage == "answered") == expected.conclusive, (kind, outcome)
            procedure.pass_time(hours=2)


def test_a_success_without_an_amount_is_not_final() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "full", executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "asked"
    assert "ask_amount" in procedure.task_kinds(request.id)
    procedure.answer(request.id, "full", held_minor=-5, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "asked"
    procedure.answer(request.id, "full", held_minor=100_000, executed_at=procedure.at)
    assert procedure.hold(hold_id).state == "stopped"
    assert "ask_amount" not in procedure.task_kinds(request.id)


@pytest.mark.parametrize(("balance", "held"), [(70_000, 70_000), (900_000, 100_000)])
def test_the_balance_of_an_account_that_is_stopped_whole_stands_for_the_amount(balance: int, held: int) -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "full", balance_minor=balance, executed_at=procedure.at)
    assert procedure.hold(hold_id).held_minor == held
    assert ("query_flow" in procedure.task_kinds(hold_id)) == (held < 100_000)


def test_more_than_was_traced_is_held_only_up_to_it() -> None:
    procedure = Driver()
    hold_id = procedure.stopped(held=5_000_000)
    assert procedure.hold(hold_id).held_minor == 100_000
    assert procedure.request_of(hold_id).executed_minor == 5_000_000
    assert [fact.amount_minor for fact in procedure.facts("hold", hold_id)] == [100_000]


def test_a_part_that_stayed_is_held_although_the_rest_moved_on() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    procedure.deliver(request.id)
    procedure.answer(request.id, "moved_on", held_minor=30_000, executed_at=procedure.at)
    assert (procedure.hold(hold_id).state, procedure.hold(hold_id).held_minor) == ("stopped", 30_000)


def test_a_missing_paper_is_our_fault_and_the_institution_gets_a_new_request_with_a_new_clock() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    first = procedure.request_of(hold_id)
    procedure.deliver(first.id)
    procedure.answer(first.id, "doc_missing")
    procedure.at += seconds(60)

    procedure.send(
        ev.MeasureAsked(
            id=procedure.uuid(), at=procedure.at, hold_id=hold_id, kind="stop", by="officer", documents=("form-1",)
        )
    )
    second = procedure.request_of(hold_id)
    assert second.id != first.id
    assert second.stop_seq == 1
    assert any(isinstance(effect, fx.SendRequest) and effect.request_id == second.id for effect in procedure.new)
    procedure.deliver(second.id)
    assert procedure.clock("answer", second.id).derivation.started_at == procedure.at
