"""The directory as a person uses it: the institution of a card, of a name in a message, or of the initials ``dlyh``."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, select

from antifraud.banks.models import channels, institutions
from antifraud.banks.numbers import institution_of_card

_SHORTEST_NAME: Final = 2
_GENERIC: Final = frozenset({"银行", "支付", "中国", "bank", "pay", "股份", "公司"})


@dataclass(frozen=True, slots=True)
class BankChoice:
    """One active institution; `channel` is how a request reaches it now (`manual`: by a person)."""

    code: str
    name_zh: str
    name_en: str
    kind: str
    channel: str
    bins: tuple[str, ...]
    is_simulated: bool

    @property
    def initials(self) -> str:
        """Return the first letters of the Chinese name as it is read: ``dlyh``."""
        return _initials(self.name_zh)


@lru_cache(maxsize=4096)
def _initials(name: str) -> str:
    import pypinyin  # noqa: PLC0415 - its tables take half a second, and most processes never need them

    letters = "".join(ch for ch in unicodedata.normalize("NFKC", name) if ch.isalnum())
    return "".join(found[0][:1] for found in pypinyin.pinyin(letters, style=pypinyin.Style.NORMAL) if found[0]).lower()


def choices(connection: Connection) -> list[BankChoice]:
    """Return the active institutions of the transaction's centre; those of a drill come first."""
    rows = connection.execute(
        select(
            institutions.c.code,
            institutions.c.name_zh,
            institutions.c.name_en,
            institutions.c.kind,
            institutions.c.bin_prefixes,
            institutions.c.is_simulated,
            channels.c.kind.label("channel"),
        )
        .select_from(
            institutions.outerjoin(
                channels, (channels.c.institution_id == institutions.c.id) & channels.c.retired_at.is_(None)
            )
        )
        .where(institutions.c.active)
        .order_by(institutions.c.is_simulated.desc(), institutions.c.code)
    )
    return [
        BankChoice(
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            kind=row.kind,
            channel=row.channel or "manual",
            bins=tuple(row.bin_prefixes),
            is_simulated=row.is_simulated,
        )
        for row in rows
    ]


def of_card(number: str, known: Sequence[BankChoice]) -> BankChoice | None:
    """Return the institution whose card prefix begins the number, the longest prefix first."""
    by_code = {choice.code: choice for choice in known}
    code = institution_of_card(number, {prefix: choice.code for choice in known for prefix in choice.bins})
    return by_code.get(code) if code is not None else None


def search(text: str, known: Sequence[BankChoice]) -> list[BankChoice]:
    """Return the institutions that a typed text may mean, the surest first; one result means that it is clear.

    A code, a full name or the exact initials stand alone; then names that hold
    the text or stand in it (a branch: 中国建设银行股份有限公司某市支行), then
    initials that begin so.
    """
    wanted = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
    if not wanted or wanted in _GENERIC:
        return []
    for matches in (
        [one for one in known if wanted in {one.code.casefold(), one.name_zh.casefold(), one.name_en.casefold()}],
        [one for one in known if wanted.isascii() and one.initials == wanted],
        [one for one in known if _holds(wanted, one)],
        [one for one in known if wanted.isascii() and one.initials.startswith(wanted)],
        [one for one in known if wanted.isascii() and wanted in one.initials],
    ):
        if matches:
            return matches
    return []


def _holds(wanted: str, one: BankChoice) -> bool:
    zh, en = one.name_zh.casefold(), one.name_en.casefold()
    if len(wanted) < _SHORTEST_NAME:
        return False
    short = zh.removeprefix("中国")
    is_branch = (bool(zh) and zh in wanted) or (
        len(short) > _SHORTEST_NAME and short not in _GENERIC and short in wanted
    )
    return is_branch or wanted in zh or (len(wanted) > _SHORTEST_NAME and wanted in en)
