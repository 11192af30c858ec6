"""What may stand in the open: codes. Free text of a reporter stays in what is encrypted, whatever field it came in."""

import re
from functools import lru_cache
from typing import Final

from marshmallow import Schema

from antifraud.intake.shapes import (
    AccountSchema,
    AuthoritySchema,
    MoneySchema,
    PartySchema,
    PublishedCaseSchema,
    ReportSchema,
    TransferSchema,
)

_CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,39}|[0-9]{3,5}")
_LONG_NUMBER: Final = re.compile(r"[0-9]{6}")


def code_only(text: str | None) -> str | None:
    """Return a text that looks like a code (``own_child``, ``110``), or None for one that may name somebody."""
    if text is None or not _CODE.fullmatch(text) or _LONG_NUMBER.search(text):
        return None
    return text


def shown_pointer(at: str) -> str:
    """Return a JSON pointer cut before its first step that is neither a place in a list nor a field of ours.

    What a sender called a field may be a name, and the pointers of a refused report are kept in the open.
    """
    steps = at.split("/")
    known = next((place for place, step in enumerate(steps) if step and not _is_ours(step)), len(steps))
    return "/".join(steps[:known])


def _is_ours(step: str) -> bool:
    return step in _fields() or (step.isascii() and step.isdigit() and len(step) < len("100000"))


@lru_cache(maxsize=1)
def _fields() -> frozenset[str]:
    shapes: tuple[type[Schema], ...] = (
        ReportSchema,
        TransferSchema,
        AccountSchema,
        PartySchema,
        MoneySchema,
        AuthoritySchema,
        PublishedCaseSchema,
    )
    return frozenset(name for shape in shapes for name in shape().fields)
