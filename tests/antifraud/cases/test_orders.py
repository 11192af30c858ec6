"""What an institution is told: the facts that the definition lists for the kind of request, and nothing else."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from antifraud.cases.accounts import AccountCard, ReceiptCard
from antifraud.cases.orders import Authority, compose
from workflows import bundled, load
from workflows.scheme_rules import TOLD
from workflows.state import Request

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SECRETS = {
    "holder": "李四",
    "amount": "4200000",
    "paid_at": "2026-03-01T09:30:00",
    "reference": "REF-77",
    "authority": "民警-甲",
    "documents": "云公立字1024号",
}
ACCOUNT = AccountCard(
    institution_id=UUID(int=1),
    institution_code="SIM-PROMPT",
    scheme="cn_card",
    number="9991010000000018",
    holder="李四",
)
RECEIPT = ReceiptCard(
    amount_minor=4_200_000,
    asset="CNY",
    earliest_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    latest_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    reference="REF-77",
)
AUTHORITY = Authority(name="云州市公安局", officer="民警-甲", basis="立案", documents=("云公立字1024号",))


def message(
    tells: frozenset[str], *, kind: str = "stop", role: str = "stop", force: str = "order", money_in: bool = True
) -> dict[str, Any]:
    request = Request(
        id=UUID(int=2),
        hold_id=UUID(int=3),
        kind=kind,
        role=role,
        stage="queued",
        urgency="urgent",
        scope="whole",
        asset="CNY",
        asked_minor=4_200_000,
        created_at=AT,
    )
    body = compose(
        request,
        account=ACCOUNT,
        receipt=RECEIPT,
        authority=AUTHORITY,
        answer_limit_seconds=1800,
        supplement=False,
        reply_to="https://centre.example/replies",
        issued_at=AT,
        tells=tells,
        force=force,
        money_in=money_in,
    )
    read: dict[str, Any] = json.loads(body)
    return read


@pytest.mark.parametrize("fact", sorted(SECRETS))
def test_a_fact_that_is_not_listed_is_not_in_the_message(fact: str) -> None:
    told = json.dumps(message(frozenset(TOLD) - {fact}), ensure_ascii=False)
    assert SECRETS[fact] not in told
    for other in SECRETS.keys() - {fact}:
        assert SECRETS[other] in told, other


def test_the_least_that_is_told_is_the_account() -> None:
    told = message(frozenset({"account"}))
    assert told["account"]["number"] == ACCOUNT.number
    assert told["receipt"] is None
    text = json.dumps(told, ensure_ascii=False)
    assert not [secret for secret in SECRETS.values() if secret in text]


@pytest.mark.parametrize(("ident", "version"), bundled())
def test_of_every_bundled_kind_exactly_what_it_lists_is_told(ident: str, version: int) -> None:
    for kind, rules in load(ident, version).requests.items():
        text = json.dumps(message(rules.tells, kind=kind, role=rules.role), ensure_ascii=False)
        assert {fact for fact, secret in SECRETS.items() if secret in text} == rules.tells - {"account"}, kind


def test_force_and_role_are_told_only_where_they_are_not_what_the_institution_takes_for_granted() -> None:
    assert {"role", "force"} & message(frozenset(TOLD)).keys() == set()
    told = message(frozenset(TOLD), kind="recall", force="trust")
    assert (told["role"], told["force"]) == ("stop", "trust")


def test_that_no_money_may_come_in_is_told_and_the_usual_is_not() -> None:
    assert "money_in" not in message(frozenset(TOLD))["measure"]
    assert message(frozenset(TOLD), money_in=False)["measure"]["money_in"] is False
