"""Who may do what, what a login may be called, and which password is good enough: from values alone."""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from importlib import resources
from typing import Final

ROLES: Final = ("operator", "supervisor", "auditor", "administrator")
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 256
# What a password must have besides the login's own name.
_BESIDES_THE_NAME: Final = 6
_NAME: Final = re.compile(r"[^\W_](?:[\w.-]{0,38}[^\W_])?")


def read_permissions(text: str) -> Mapping[str, frozenset[str]]:
    """Return the table act x role that a TOML text holds.

    Raises:
        ValueError: An act names a role that there is not, or nobody may do it.
    """
    table: dict[str, frozenset[str]] = {}
    for act, roles in tomllib.loads(text)["acts"].items():
        if not roles or not set(roles) <= set(ROLES):
            message = f"act {act!r} must name roles among {', '.join(ROLES)}"
            raise ValueError(message)
        table[act] = frozenset(roles)
    return table


PERMISSIONS: Final = read_permissions(
    resources.files("antifraud.auth").joinpath("data/permissions.toml").read_text(encoding="utf-8")
)
"""The one table act x role."""


def may(roles: Collection[str], act: str) -> bool:
    """Tell whether somebody with these roles may do ``act``.

    Raises:
        KeyError: There is no such act: a door that asks for it would be closed to everybody, or open by mistake.
    """
    return not PERMISSIONS[act].isdisjoint(roles)


def login_name(typed: str) -> str | None:
    """Return the one spelling of a login's name, or None where it cannot be one.

    Letters of any script and digits, with ``.``, ``_`` and ``-`` between them, at most 40; case and width do not count.
    """
    name = unicodedata.normalize("NFKC", typed).strip().casefold()
    return name if _NAME.fullmatch(name) else None


def password_spelling(typed: str) -> str:
    """Return the one spelling of a password, so that two keyboards that compose differently agree."""
    return unicodedata.normalize("NFKC", typed)


def password_fault(password: str, name: str) -> str | None:
    """Return why a password is not good enough: ``short``, ``long`` or ``name``; None where it is.

    Length is what counts; which kinds of characters it has does not.

    Source: NIST SP 800-63B-4, section 3.1.1.2 (length, no composition rules, context-specific words).
    """
    password = password_spelling(password)
    if len(password) < SHORTEST_PASSWORD:
        return "short"
    if len(password) > LONGEST_PASSWORD:
        return "long"
    if len(password.casefold().replace(name, "")) < _BESIDES_THE_NAME:
        return "name"
    return None
