"""The same payment is one case with one order, whoever reports it, how often, and in what order."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from antifraud.foundation.ids import has_right_check_character
from tests.factories.doorway import PATH, Doorway
from tests.factories.wire import at_once

OTHER_NUMBER = "9991010000000026"


def to(number: str = OTHER_NUMBER, **more: str) -> dict[str, Any]:
    return {"institution": "SIM-PROMPT", "number": number, **more}


def orders(doorway: Doorway) -> int:
    assert doorway.count("requests") == doorway.count("outbox")
    return doorway.count("outbox")


def test_twenty_posts_of_one_payment_over_http_at_one_instant_are_one_case_twenty_reports_one_order(
    doorway: Doorway,
) -> None:
    posts = [(doorway.headers(f"k-{n}"), doorway.report(f"110-{n}")) for n in range(20)]
    with doorway.on_a_port() as port:

        def post(n: int) -> requests.Response:
            headers, document = posts[n]
            return requests.post(f"http://127.0.0.1:{port}{PATH}", json=document, headers=headers, timeout=30)

        answers = at_once(post, 20)
    assert [answer.status_code for answer in answers] == [201] * 20, {answer.text for answer in answers}
    told = [answer.json() for answer in answers]
    assert len({one["case"]["no"] for one in told}) == 1
    assert sorted(one["case"]["joined"] for one in told) == [False] + [True] * 19
    assert len({one["report"]["no"] for one in told}) == 20
    assert {request["id"] for one in told for request in one["requests"]} == {
        str(row.id) for row in doorway.rows("SELECT id FROM requests")
    }
    assert (doorway.count("cases"), doorway.count("reports", "state = 'understood'"), orders(doorway)) == (1, 20, 1)


def test_every_report_of_a_payment_keeps_its_own_people_under_its_own_key(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("a", victim={"name": "王小明"}))
    doorway.accepted(doorway.report("b", victim={"name": "王小明"}, reporter={"name": "赵六", "relation": "son"}))
    found = doorway.rows(
        "SELECT p.role, p.relation, p.key_id, r.key_id AS report_key"
        " FROM parties p JOIN reports r ON r.id = p.report_id"
    )
    assert sorted((row.role, row.relation) for row in found) == [
        ("reporter", "son"),
        ("victim", None),
        ("victim", None),
    ]
    assert all(row.key_id == row.report_key for row in found)
    assert len({row.key_id for row in found}) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"amount": 4_200_001}, "amount"), ({"currency": "USD"}, "currency"), ({"to": to()}, "account")],
)
def test_a_report_that_tells_the_same_payment_otherwise_raises_a_task_and_changes_no_order(
    doorway: Doorway, change: dict[str, Any], reason: str
) -> None:
    doorway.accepted(doorway.report("a"))
    before = doorway.rows("SELECT * FROM outbox")[0]
    told = doorway.accepted(doorway.report("b", transfers=[doorway.transfer(**change)]))
    assert told["case"]["joined"]
    assert [row.reason for row in doorway.rows("SELECT reason FROM tasks WHERE kind = 'compare_reports'")] == [reason]
    assert (orders(doorway), doorway.rows("SELECT * FROM outbox")[0]) == (1, before)
    assert doorway.count("transfers") == 1


def test_the_same_facts_raise_no_task(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("a"))
    doorway.accepted(doorway.report("b", transfers=[doorway.transfer(amount=None, to=None)]))
    assert "compare_reports" not in doorway.tasks()


@pytest.mark.parametrize(
    "reference", ["２０２６１１２４Ａ０００１", "20261124-A-0001", " 20261124 a 0001 ", "20261124a0001"]
)
def test_a_reference_in_another_spelling_is_the_same_payment(doorway: Doorway, reference: str) -> None:
    doorway.accepted(doorway.report("a"))
    assert doorway.accepted(doorway.report("b", transfers=[doorway.transfer(reference=reference)]))["case"]["joined"]


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "20261124A0002"},
        {"reference": None},
        {"reference": "20261124А0001"},  # a Cyrillic А
        {"from": {"institution": "CCB", "number": "6222021234567890128"}},
    ],
)
def test_another_reference_or_payer_institution_is_another_payment(doorway: Doorway, change: dict[str, Any]) -> None:
    doorway.accepted(doorway.report("a"))
    told = doorway.accepted(doorway.report("b", transfers=[doorway.transfer(**change)]))
    assert not told["case"]["joined"]
    assert (doorway.count("cases"), orders(doorway)) == (2, 2)


def test_two_transfers_to_one_account_are_two_holds_and_the_second_order_is_a_supplement(doorway: Doorway) -> None:
    # The holder is known from one of them only.
    transfers = [
        doorway.transfer(to=to(), reference="R1"),
        doorway.transfer(to=to(holder="李四"), reference="R2"),
    ]
    doorway.accepted(doorway.report(transfers=transfers))
    assert doorway.count("holds") == 2
    assert doorway.count("accounts", "holder_cipher IS NOT NULL") == 2
    assert [row.supplement for row in doorway.rows("SELECT supplement FROM requests ORDER BY supplement")] == [
        False,
        True,
    ]


def test_one_payment_told_twice_in_one_report_is_one_order(doorway: Doorway) -> None:
    doorway.accepted(doorway.report(transfers=[doorway.transfer(), doorway.transfer()]))
    assert (doorway.count("transfers"), orders(doorway)) == (1, 1)


def test_payments_and_accounts_in_opposite_orders_at_once_end_without_a_failure(doorway: Doorway) -> None:
    def post(n: int) -> int:
        lines = [
            doorway.transfer(reference=f"D{k}", to=to(number))
            for k, number in enumerate([OTHER_NUMBER, "9991010000000034"])
        ]
        lines = lines[::-1] if n % 2 else lines
        return doorway.post(doorway.report(f"d-{n}", transfers=lines), key=f"d-{n}").status_code

    assert at_once(post, 8) == [201] * 8
    assert (doorway.count("cases"), doorway.count("reports", "state = 'understood'"), orders(doorway)) == (1, 8, 2)


def test_a_payment_that_only_the_second_report_knows_gets_its_order_in_the_case_it_joins(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("a"))
    told = doorway.accepted(
        doorway.report("b", transfers=[doorway.transfer(), doorway.transfer(reference="N", to=to())])
    )
    assert (told["case"]["joined"], len(told["requests"]), orders(doorway)) == (True, 2, 2)
    assert doorway.count("tasks", "kind = 'compare_reports'") == 0


@pytest.mark.parametrize("amount", [4_200_000, None])
def test_a_transfer_that_only_looks_like_a_known_one_gets_no_second_order_and_a_person_looks(
    doorway: Doorway, amount: int | None
) -> None:
    doorway.accepted(doorway.report("a", transfers=[doorway.transfer(), doorway.transfer(reference="N", to=to())]))
    lines = [doorway.transfer(reference="N", to=to()), doorway.transfer(reference=None, amount=amount)]
    told = doorway.accepted(doorway.report("b", transfers=lines))
    assert (told["case"]["joined"], orders(doorway), doorway.count("transfers")) == (True, 2, 2)
    found = doorway.rows("SELECT reason, state FROM tasks WHERE kind = 'compare_reports'")
    assert [(row.reason, row.state) for row in found] == [("perhaps_the_same", "open")]


def test_a_transfer_without_reference_of_another_amount_is_another_payment_with_its_own_order(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("a"))
    lines = [doorway.transfer(), doorway.transfer(reference=None, amount=1_000)]
    assert doorway.accepted(doorway.report("b", transfers=lines))["case"]["joined"]
    assert (orders(doorway), doorway.count("transfers")) == (2, 2)
    assert "compare_reports" not in doorway.tasks()


def test_payments_of_two_cases_in_one_report_get_no_second_order_and_a_person_compares(doorway: Doorway) -> None:
    first, second = doorway.transfer(reference="R1"), doorway.transfer(reference="R2", to=to())
    ours = doorway.accepted(doorway.report("a", transfers=[first]))["case"]["no"]
    # Ids of one millisecond have no order; the older case is joined.
    doorway.clock.advance(timedelta(seconds=1))
    doorway.accepted(doorway.report("b", transfers=[second]))
    told = doorway.accepted(doorway.report("c", transfers=[second, first]))
    assert (told["case"]["no"], orders(doorway)) == (ours, 2)
    assert [row.reason for row in doorway.rows("SELECT reason FROM tasks WHERE kind = 'compare_reports'")] == [
        "payment_of_another_case"
    ]


def test_a_live_report_of_a_payment_that_only_history_knew_gets_its_order(doorway: Doorway) -> None:
    history = doorway.report("h", origin="historical")
    assert doorway.accepted(history, source="import")["requests"] == []
    assert orders(doorway) == 0
    told = doorway.accepted(doorway.report("a"))
    assert told["case"]["joined"]
    assert [request["institution"] for request in told["requests"]] == ["SIM-PROMPT"]
    assert (orders(doorway), doorway.count("transfers")) == (1, 1)
    assert [row.origin for row in doorway.rows("SELECT origin FROM cases")] == ["live"]


def test_history_adds_no_order_to_a_live_case(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("a", transfers=[doorway.transfer(to=to("9991****0026"))]))
    doorway.accepted(doorway.report("h", origin="historical", transfers=[doorway.transfer(to=to())]), source="import")
    assert orders(doorway) == 0


def test_the_account_that_the_first_report_did_not_know_is_asked_once_the_second_names_it(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("a", transfers=[doorway.transfer(to=to("9991****0026"))]))
    assert (orders(doorway), doorway.tasks()) == (0, ["resolve_lead"])
    told = doorway.accepted(doorway.report("b", transfers=[doorway.transfer(to=to())]))
    assert [request["account"] for request in told["requests"]] == ["SIM-PROMPT ··0026"]
    assert orders(doorway) == 1
    assert "resolve_lead" not in doorway.tasks()


def test_the_word_of_a_source_that_may_dispatch_lets_the_order_of_a_public_report_leave(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("p"), source="public")
    assert (orders(doorway), doorway.tasks()) == (0, ["confirm_account"])
    doorway.accepted(doorway.report("q"), source="public")
    assert orders(doorway) == 0
    doorway.accepted(doorway.report("a"), source="110")
    assert orders(doorway) == 1
    assert "confirm_account" not in doorway.tasks()


def test_a_trusted_report_that_differs_does_not_let_the_order_of_a_public_report_leave(doorway: Doorway) -> None:
    doorway.accepted(doorway.report("p"), source="public")
    doorway.accepted(doorway.report("a", transfers=[doorway.transfer(amount=1)]), source="110")
    assert orders(doorway) == 0
    assert doorway.tasks() == ["compare_reports", "confirm_account"]


def test_case_numbers_count_up_by_year_and_end_in_a_check_character(doorway: Doorway) -> None:
    numbers = [
        doorway.accepted(doorway.report(f"{n}", transfers=[doorway.transfer(reference=f"N{n}")]))["case"]["no"]
        for n in range(3)
    ]
    assert [number[:11] for number in numbers] == [f"2026-00000{n}" for n in (1, 2, 3)]
    assert all(has_right_check_character(number) for number in numbers)
    assert not has_right_check_character(numbers[0].replace("000001", "000004"))


def test_the_log_of_a_joined_case_names_each_report_and_none_of_its_people(doorway: Doorway) -> None:
    for n in range(3):
        doorway.accepted(doorway.report(f"{n}"))
    rows = doorway.rows("SELECT payload FROM entries WHERE kind = 'ReportAccepted' ORDER BY seq")
    assert [row.payload["joined"] for row in rows] == [False, True, True]
    assert all(len(row.payload["commitment"]) == 64 for row in rows)
    assert "王" not in json.dumps([row.payload for row in rows], ensure_ascii=False)
