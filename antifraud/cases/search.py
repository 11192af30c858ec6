"""Find cases by what somebody says on the telephone: a number, a tail, a telephone, a name; nothing is read to search.

A term becomes keyed hashes at once (`Sought`), and only those are kept: what
was typed is never stored, and never part of an address.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, cast, select, union
from sqlalchemy.dialects.postgresql import ARRAY

from antifraud.banks.models import institutions
from antifraud.banks.numbers import plain, read_number
from antifraud.cases.models import accounts, cases, holds, parties, transfers
from antifraud.foundation.ids import check_character
from antifraud.vault.masks import mask_name, mask_number, mask_phone
from antifraud.work import Work

_CASE: Final = re.compile(r"(20\d{2})-?(\d{6})-?([0-9A-Z])?", re.ASCII | re.IGNORECASE)
_REPORT: Final = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", re.ASCII | re.IGNORECASE)
_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})", re.ASCII)
_MOST: Final = 200
_TAIL, _LONG_TAIL = 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A search as it may be kept: keyed hashes, and a masked echo of what was typed.

    `kind` is tail, long_tail, phone, account, name; `number` is a case or report number, which is no secret.
    """

    kind: str
    echo: str
    hashes: tuple[bytes, ...] = ()
    more: tuple[bytes, ...] = ()
    number: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what a session keeps."""
        return {
            "kind": self.kind,
            "echo": self.echo,
            "hashes": [one.hex() for one in self.hashes],
            "more": [one.hex() for one in self.more],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        return cls(
            kind=document["kind"],
            echo=document["echo"],
            hashes=tuple(bytes.fromhex(one) for one in document["hashes"]),
            more=tuple(bytes.fromhex(one) for one in document["more"]),
        )


def seek(work: Work, term: str) -> Sought | None:
    """Return what a typed term looks for; None where it is too short to look for anything."""
    text = unicodedata.normalize("NFKC", term).strip()
    named = _number(text)
    if named is not None:
        return named
    digits = plain(text)
    blind = work.vault.blind
    mobile = _MOBILE.fullmatch(digits)
    if mobile is not None:
        return Sought(
            kind="phone",
            echo=mask_phone(mobile[1]),
            hashes=(blind("parties.phone", mobile[1]), blind("parties.phone", digits)),
            more=(blind("accounts.last8", mobile[1][-_LONG_TAIL:]),),
        )
    if re.fullmatch(r"[0-9A-Za-z]{4}", digits) and any(ch.isdigit() for ch in digits):
        return Sought(
            kind="tail",
            echo=digits,
            hashes=(blind("accounts.last4", digits),),
            more=(blind("parties.phone_last4", digits),),
        )
    if re.fullmatch(r"[0-9A-Za-z]{8}", digits) and any(ch.isdigit() for ch in digits):
        return Sought(kind="long_tail", echo=f"****{digits[-4:]}", hashes=(blind("accounts.last8", digits),))
    read = read_number(text)
    if read.number is not None and any(ch.isdigit() for ch in read.number):
        return Sought(
            kind="account",
            echo=mask_number(read.number),
            hashes=(blind("accounts.last8", read.number[-_LONG_TAIL:]),),
            more=tuple(
                blind("accounts.number", f"{institution_id}|{read.scheme}|{read.number}")
                for institution_id in _institutions(work)
            ),
        )
    return _name(work, text)


def _number(text: str) -> Sought | None:
    case = _CASE.fullmatch(text)
    if case is not None:
        whole = case[1] + case[2]
        number = f"{case[1]}-{case[2]}-{check_character(whole)}"
        return Sought(kind="case", echo=number, number=number)
    if _REPORT.fullmatch(text):
        return Sought(kind="report", echo=text.upper(), number=text.upper())
    return None


def _institutions(work: Work) -> Iterable[UUID]:
    return work.connection.scalars(select(institutions.c.id))


def _name(work: Work, text: str) -> Sought | None:
    letters = [ch for ch in text if ch.isalnum()]
    if len(letters) < len("王某") or not any(ch.isalpha() for ch in letters):
        return None
    holder, party = work.vault.grams("accounts.holder", text), work.vault.grams("parties.name", text)
    echo = mask_name(text)
    if text.isascii() and text.isalpha():
        # Letters may be the first ones of the syllables: zxm for 赵小敏.
        pairs = {text.casefold()[at : at + 2] for at in range(len(text) - 1)}
        return Sought(
            kind="letters",
            echo=echo,
            hashes=tuple(sorted(work.vault.blind("accounts.holder", f"p|{pair}")[:8] for pair in pairs)),
            more=tuple(sorted(work.vault.blind("parties.name", f"p|{pair}")[:8] for pair in pairs)),
        )
    return Sought(kind="name", echo=echo, hashes=tuple(holder), more=tuple(party))


def cases_sought(work: Work, sought: Sought) -> list[UUID]:
    """Return the cases that a search finds, at most 200; an account is found in the cases that hold or moved it."""
    found_accounts = _accounts(sought)
    ways = []
    if found_accounts is not None:
        wanted = select(accounts.c.id).where(found_accounts)
        ways += [
            select(holds.c.case_id).where(holds.c.account_id.in_(wanted)),
            select(transfers.c.case_id).where(transfers.c.payee_account_id.in_(wanted)),
            select(transfers.c.case_id).where(transfers.c.payer_account_id.in_(wanted)),
        ]
    found_people = _people(sought)
    if found_people is not None:
        ways.append(select(parties.c.case_id).where(found_people))
    if not ways:
        return []
    every = union(*ways).subquery()
    return list(
        work.connection.scalars(
            select(cases.c.id).where(cases.c.id.in_(select(every.c.case_id))).order_by(cases.c.no.desc()).limit(_MOST)
        )
    )


def _accounts(sought: Sought) -> ColumnElement[bool] | None:
    match sought.kind:
        case "tail":
            return accounts.c.last4_hash.in_(sought.hashes)
        case "long_tail":
            return accounts.c.last8_hash.in_(sought.hashes)
        case "phone":
            return accounts.c.last8_hash.in_(sought.more)
        case "account":
            return accounts.c.last8_hash.in_(sought.hashes) & accounts.c.number_hash.in_(sought.more)
        case "name" | "letters":
            return accounts.c.holder_grams.contains(_bytes(sought.hashes))
        case _:
            return None


def _people(sought: Sought) -> ColumnElement[bool] | None:
    match sought.kind:
        case "phone":
            return parties.c.phone_hash.in_(sought.hashes)
        case "tail":
            return parties.c.phone_last4_hash.in_(sought.more)
        case "name" | "letters":
            return parties.c.name_grams.contains(_bytes(sought.more))
        case _:
            return None


def _bytes(values: tuple[bytes, ...]) -> ColumnElement[Any]:
    return cast(list(values), ARRAY(LargeBinary))
