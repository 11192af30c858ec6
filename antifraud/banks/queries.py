"""Reads of the directory for others: typed rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, or_, select

from antifraud.banks.models import channels, institution_keys, institutions
from antifraud.foundation.db import ask


@dataclass(frozen=True, slots=True)
class Institution:
    """One row of the directory; `channel` is how a request reaches it now (`manual`: by a person).

    `agreed_answer` is the time to answer that was agreed with it (ISO 8601), if any.
    """

    id: UUID
    code: str
    name_zh: str
    name_en: str
    channel: str
    country: str | None = None
    agreed_answer: str | None = None


@dataclass(frozen=True, slots=True)
class PushChannel:
    """Where an institution takes requests, and how many connections we may open to it at once."""

    institution_id: UUID
    institution_code: str
    url: str
    allowed_networks: tuple[str, ...]
    connections: int


@dataclass(frozen=True, slots=True)
class InstitutionKey:
    """A key as registered: its one algorithm comes from here, never from a message."""

    key_id: str
    centre_id: UUID
    institution_id: UUID
    algorithm: str
    public_key: str


_INSTITUTIONS = select(
    institutions.c.id,
    institutions.c.code,
    institutions.c.name_zh,
    institutions.c.name_en,
    institutions.c.country,
    institutions.c.agreed_answer,
    channels.c.kind.label("channel"),
).select_from(
    institutions.outerjoin(channels, (channels.c.institution_id == institutions.c.id) & channels.c.retired_at.is_(None))
)


# Asked for every report, so they are ready as text. Codes first, by their index: for names, all have to be looked at.
_BY_CODE: Final = """
    SELECT institutions.id, institutions.code, institutions.name_zh, institutions.name_en,
        coalesce(channels.kind, 'manual'), institutions.country, institutions.agreed_answer
    FROM institutions
    LEFT JOIN channels ON channels.institution_id = institutions.id AND channels.retired_at IS NULL
    WHERE institutions.active AND institutions.code = ANY($1)
"""
_BY_NAME: Final = _BY_CODE.replace(
    "institutions.code = ANY($1)", "(lower(institutions.name_en) = ANY($1) OR institutions.name_zh = ANY($2))"
)


def by_name(connection: Connection, names: Collection[str]) -> dict[str, Institution]:
    """Return the active institutions that are called so: by code, or by their full Chinese or English name."""
    if not names:
        return {}
    coded = [Institution(*row) for row in ask(connection, _BY_CODE, [[name.upper() for name in names]])]
    found = {name: one for one in coded for name in names if name.upper() == one.code}
    rest = [name for name in names if name not in found]
    if rest:
        for one in (Institution(*row) for row in ask(connection, _BY_NAME, [[name.casefold() for name in rest], rest])):
            called = {one.name_en.casefold(), one.name_zh.casefold()}
            found |= {name: one for name in rest if name.casefold() in called}
    return found


def by_id(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Institution]:
    """Return institutions by id."""
    if not ids:
        return {}
    rows = connection.execute(_INSTITUTIONS.where(institutions.c.id.in_(ids)))
    return {row.id: _institution(row) for row in rows}


# Asked at every look into the outbox, so it is ready as text.
_PUSH: Final = """
    SELECT channels.institution_id, institutions.code, channels.url, channels.allowed_networks, channels.connections
    FROM channels
    JOIN institutions ON institutions.id = channels.institution_id
    WHERE channels.kind = 'push' AND channels.retired_at IS NULL AND institutions.active
"""


def push_channels(connection: Connection) -> list[PushChannel]:
    """Return every push channel of the centre that is in use."""
    return [
        PushChannel(institution_id, code, url, tuple(networks), connections)
        for institution_id, code, url, networks, connections in ask(connection, _PUSH)
    ]


def usable_key(connection: Connection, key_id: str, at: datetime) -> InstitutionKey | None:
    """Return the registered key ``key_id`` if it is valid at ``at`` and not revoked.

    The transaction must either belong to the key's centre or present the key
    id (`Database.begin(None, presented=key_id)`).
    """
    row = connection.execute(
        select(institution_keys).where(
            institution_keys.c.key_id == key_id,
            institution_keys.c.not_before <= at,
            or_(institution_keys.c.not_after.is_(None), institution_keys.c.not_after > at),
            institution_keys.c.revoked_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    return InstitutionKey(row.key_id, row.centre_id, row.institution_id, row.algorithm, row.public_key)


def _institution(row: Row[*tuple[Any, ...]]) -> Institution:
    return Institution(
        row.id,
        row.code,
        row.name_zh,
        row.name_en,
        row.channel or "manual",
        country=row.country,
        agreed_answer=row.agreed_answer,
    )
