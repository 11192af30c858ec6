"""Who is at the door: sources of reports by their bearer token."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from antifraud.auth.models import centres, sources
from antifraud.foundation.db import Database
from antifraud.foundation.problems import NotAuthenticated


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre (tenant); the drill centre is one of its own."""

    id: UUID
    code: str
    name: str
    kind: str
    zone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports: what it may do, and as whom it asks, comes from its row, never from the report."""

    id: UUID
    centre_id: UUID
    code: str
    trust: str
    may_send_history: bool
    quota_per_minute: int
    asks_as: str = "police_centre"


_SOURCE_OF = (
    "SELECT id, centre_id, code, trust, may_send_history, quota_per_minute, asks_as FROM sources"
    " WHERE token_hash = decode(shown.presented, 'hex') AND revoked_at IS NULL"
)


def token_hash(token: str) -> bytes:
    """Return what is stored of a bearer token: SHA-256 (the token itself has 256 random bits)."""
    return hashlib.sha256(token.encode()).digest()


def ask_as(connection: Connection, code: str, asker: str) -> bool:
    """Say for whom the reports of a source of the transaction's centre ask; return whether there is such a source."""
    done = connection.execute(
        update(sources).where(sources.c.code == code, sources.c.revoked_at.is_(None)).values(asks_as=asker)
    )
    return bool(done.rowcount)


def source_by_token(database: Database, authorization: str | None) -> Source:
    """Return the source whose bearer token stands in the header.

    Raises:
        NotAuthenticated: No token, an unknown one, or one that was revoked.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise NotAuthenticated("send the source's token: Authorization: Bearer ...")
    row = database.by_credential(_SOURCE_OF, token_hash(token.strip()).hex())
    if row is None:
        raise NotAuthenticated("this token is not known, or was revoked: ask the centre for a new one")
    return Source(*row)


def source_by_code(database: Database, centre_id: UUID, code: str) -> Source:
    """Return a source of the centre by its code (for commands on the machine itself)."""
    with database.begin(centre_id) as connection:
        row = connection.execute(
            select(sources).where(sources.c.code == code, sources.c.revoked_at.is_(None))
        ).one_or_none()
    if row is None:
        raise NotAuthenticated(f"there is no source {code!r} in this centre")
    return _source(row)


def source_by_id(connection: Connection, source_id: UUID) -> Source:
    """Return a source of the transaction's centre, also one that was revoked since."""
    return _source(connection.execute(select(sources).where(sources.c.id == source_id)).one())


def all_centres(database: Database) -> list[Centre]:
    """Return every centre of the installation, the live ones first."""
    with database.begin(None) as connection:
        rows = connection.execute(select(centres).order_by(centres.c.kind.desc(), centres.c.code))
        return [Centre(row.id, row.code, row.name, row.kind, row.zone, row.currency) for row in rows]


def founded_at(connection: Connection, centre_id: UUID) -> datetime:
    """Return when the centre was founded."""
    found: datetime = connection.execute(select(centres.c.created_at).where(centres.c.id == centre_id)).scalar_one()
    return found


def centre_by_code(database: Database, code: str) -> Centre:
    """Return a centre.

    Raises:
        LookupError: There is none of that code; the message names those there are.
    """
    known = all_centres(database)
    for centre in known:
        if centre.code == code:
            return centre
    message = f"there is no centre {code!r}; known: {', '.join(sorted(centre.code for centre in known))}"
    raise LookupError(message)


def _source(row: Row[*tuple[Any, ...]]) -> Source:
    return Source(row.id, row.centre_id, row.code, row.trust, row.may_send_history, row.quota_per_minute, row.asks_as)
