"""To which account the money moved on: a bank's spelling of it makes no other account, and what is doubtful waits."""

from typing import Any
from uuid import UUID

import pytest

from tests.factories.wire import Wire, number_of

CARD = number_of("SIM-PART", 5)


@pytest.fixture
def asked(wire: Wire) -> UUID:
    """A request that a bank has acknowledged and not answered."""
    request_id = wire.report("SIM-MUTE")
    wire.round()
    return request_id


def hop(number: str = CARD, **more: object) -> dict[str, Any]:
    return {"institution": "SIM-PART", "number": number, "amount_minor": 1000, "asset": "CNY", **more}


def moved_on(wire: Wire, request_id: UUID, name: str, *hops: dict[str, Any]) -> None:
    answer = wire.answer(request_id, "moved_on", message_id=name, held_minor=0, next=list(hops))
    assert wire.call_back("SIM-MUTE", request_id, answer).status == 200


def count(wire: Wire, table: str, where: str = "true") -> int:
    found: int = wire.one(f"SELECT count(*) AS n FROM {table} WHERE {where}").n  # noqa: S608 - names of this test
    return found


def accounts(wire: Wire) -> list[Any]:
    return wire.rows(
        "SELECT * FROM accounts WHERE institution_id = :id ORDER BY scheme", id=wire.institution("SIM-PART")
    )


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        (" ".join(CARD[start : start + 4] for start in range(0, len(CARD), 4)), "card"),
        ("".join(chr(ord(digit) + 0xFEE0) for digit in CARD), None),
        (CARD, "account"),
        (f"{CARD[:6]}-{CARD[6:]}\u200b", "bank card"),
    ],
    ids=["in fours", "wide", "called an account", "hyphen"],
)
def test_a_card_that_a_bank_names_is_the_account_that_a_report_names(
    wire: Wire, asked: UUID, number: str, scheme: str | None
) -> None:
    wire.report("SIM-PART", 5, ref="110-2")
    moved_on(wire, asked, "m", hop(number, scheme=scheme))
    (account,) = accounts(wire)
    assert (account.scheme, account.bin) == ("card", CARD[:6])
    assert {row.account_id for row in wire.rows("SELECT account_id FROM holds WHERE tier = 2")} == {account.id}


def test_the_same_hop_in_two_spellings_is_one_claim(wire: Wire, asked: UUID) -> None:
    moved_on(wire, asked, "one", hop())
    moved_on(wire, asked, "two", hop(f"{CARD[:4]} {CARD[4:]}", scheme="card"))
    assert count(wire, "holds", "tier = 2") == 1


def test_an_account_named_twice_in_one_message_is_told_to_its_bank_with_its_holder(wire: Wire, asked: UUID) -> None:
    moved_on(wire, asked, "m", hop(), hop(amount_minor=2000, holder="赵六"))
    (account,) = accounts(wire)
    assert account.holder_cipher is not None
    assert count(wire, "holds", "tier = 2") == 2


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        ("GB82WEST12345698765433", "iban"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", "tron"),
        ("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "evm"),
    ],
)
def test_a_next_account_whose_hard_checksum_fails_waits_for_a_person(
    wire: Wire, asked: UUID, number: str, scheme: str
) -> None:
    moved_on(wire, asked, "m", hop(number))
    assert [account.scheme for account in accounts(wire)] == [scheme]
    assert wire.one("SELECT reason FROM tasks WHERE kind = 'confirm_account'").reason == "checksum"
    assert count(wire, "requests") == 1


def test_a_soft_checksum_that_fails_stops_no_order(wire: Wire, asked: UUID) -> None:
    moved_on(wire, asked, "m", hop("6222021234567890123"))
    assert count(wire, "requests") == 2


@pytest.mark.parametrize("number", ["9991****0128", "尾号0128", "0128", "赵六的卡", "********"])
def test_a_masked_or_unreadable_number_is_a_lead_and_no_account(wire: Wire, asked: UUID, number: str) -> None:
    moved_on(wire, asked, "m", hop(number, holder="赵六"))
    assert accounts(wire) == []
    assert wire.one("SELECT kind FROM leads").kind == "masked_number"
    assert "resolve_lead" in wire.tasks()
    assert count(wire, "requests") == 1


def test_a_lead_told_twice_is_one_lead_and_one_task(wire: Wire, asked: UUID) -> None:
    moved_on(wire, asked, "one", hop(institution="远方没有的银行", holder="赵六"))
    moved_on(wire, asked, "two", hop(f" {CARD[:4]} {CARD[4:]}", institution="远方没有的银行 "))
    moved_on(wire, asked, "three", hop("9991****0128"))
    moved_on(wire, asked, "four", hop("9991 ＊＊＊＊ 0128"))
    assert count(wire, "leads") == 2
    assert count(wire, "transfers", "standing = 'confirmed'") == 2
    assert wire.tasks().count("resolve_lead") == 2


def test_other_money_to_the_same_lead_is_not_lost(wire: Wire, asked: UUID) -> None:
    known = hop(institution="远方没有的银行")
    moved_on(wire, asked, "one", known, known)
    moved_on(wire, asked, "two", known, {**known, "amount_minor": 2000})
    assert count(wire, "leads") == 1
    amounts = wire.rows("SELECT amount_minor FROM transfers WHERE standing = 'confirmed' ORDER BY amount_minor")
    assert [int(row.amount_minor) for row in amounts] == [1000, 1000, 2000]
    assert count(wire, "holds", "lead_id IS NOT NULL") == 3


def test_what_a_lead_says_stands_nowhere_in_plain(wire: Wire, asked: UUID) -> None:
    moved_on(wire, asked, "m", hop("9991****0128", institution="远方没有的银行"))
    dump = wire.one("SELECT leads::text AS row FROM leads").row
    for secret in ("0128", "远方", b"0128".hex(), "远方".encode().hex()):
        assert secret not in dump.replace("-", "")
