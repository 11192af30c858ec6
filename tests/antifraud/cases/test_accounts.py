"""One account is one row, however often and however completely it is named; nothing of its number stands in plain."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.banks.queries import by_name
from antifraud.cases.accounts import AccountCard, cards_of, resolve
from antifraud.installation import Installation
from antifraud.work import Work

Found = TypeVar("Found")


class Book:
    """The accounts of the drill centre."""

    def __init__(self, installation: Installation, centre: Centre) -> None:
        self.installation, self.centre = installation, centre
        bank = self.run(lambda work: by_name(work.connection, ["SIM-PROMPT"]))["SIM-PROMPT"]
        self.card = AccountCard(
            institution_id=bank.id, institution_code=bank.code, scheme="card", number="9991010000000018"
        )

    def run(self, act: Callable[[Work], Found]) -> Found:
        with self.installation.database.begin(self.centre.id) as connection:
            return act(self.installation.work(connection, self.centre.id, "test"))

    def resolve(self, *cards: AccountCard) -> dict[AccountCard, UUID]:
        return self.run(lambda work: resolve(work, cards))

    def opened(self, account_id: UUID) -> AccountCard:
        return self.run(lambda work: cards_of(work, [account_id]))[account_id]

    def dump(self) -> str:
        return self.run(
            lambda work: "\n".join(work.connection.scalars(text("SELECT accounts::text FROM accounts"))),
        )


@pytest.fixture
def book(installation: Installation, drill: Centre) -> Book:
    return Book(installation, drill)


def test_one_account_named_twice_at_once_is_one_row_with_what_was_known_first(book: Book) -> None:
    bare, held, later = book.card, replace(book.card, holder="李四"), replace(book.card, holder="王五", kind="personal")
    ids = book.resolve(bare, held, later)
    assert set(ids) == {bare, held, later}
    assert len(set(ids.values())) == 1
    opened = book.opened(ids[bare])
    assert (opened.holder, opened.kind) == ("李四", "personal")


def test_a_sub_account_is_an_account_of_its_own_and_is_found_again(book: Book) -> None:
    parts = [replace(book.card, scheme="account", sub_ref=ref) for ref in (None, "purse-007", "purse-008")]
    first = book.resolve(*parts)
    assert len(set(first.values())) == 3
    assert book.resolve(*parts) == first
    assert [book.opened(first[part]).sub_ref for part in parts] == [None, "purse-007", "purse-008"]


def test_nothing_of_an_account_stands_in_plain(book: Book) -> None:
    book.resolve(replace(book.card, sub_ref="purse-007", holder="李四", kind="personal"))
    dump = book.dump()
    assert "personal" in dump
    for secret in ("purse-007", "李四", book.card.number, b"purse-007".hex(), "李四".encode().hex()):
        assert secret not in dump


def test_the_same_sub_account_mark_of_two_accounts_cannot_be_told_to_be_the_same(book: Book) -> None:
    one = replace(book.card, sub_ref="001")
    book.resolve(one, replace(one, number="9991010000000026"))
    hashes = book.run(lambda work: work.connection.scalars(text("SELECT sub_ref_hash FROM accounts")).all())
    assert len(set(hashes)) == 2
