"""Definitions in the database: frozen by content hash, pinned to procedures, in force per centre."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.cases.models import activations, definitions
from antifraud.work import Work
from workflows import Definition, parse
from workflows.language.boxes import boxes_of, unreached
from workflows.scheme import Outcome, RequestKind, TaskKind


class NoDefinitionInForce(Exception):
    """The centre has no definition in force: load and activate one."""


class CalendarMissing(ValueError):
    """The scheme counts days in a calendar that has no data for them: nobody may approve it until it has."""


def store(work: Work, text: str) -> Definition:
    """Keep a definition; the same content again changes nothing."""
    parsed = parse(text)
    work.connection.execute(
        upsert(definitions)
        .values(content_hash=parsed.content_hash, id=parsed.id, version=parsed.version, text=text, loaded_at=work.now())
        .on_conflict_do_nothing()
    )
    return parsed


def put_in_force(work: Work, content_hash: str, *, approver: str | None) -> bool:
    """Put a stored definition in force for the centre; return whether that changed anything.

    Without a named approver it runs as "example". Open procedures keep the
    definition that they were opened under.

    Raises:
        CalendarMissing: It would be approved, but a wait that began today could not be counted.
    """
    if approver:
        refuse_uncounted(work, content_hash)
    current = work.connection.execute(
        select(activations).where(activations.c.centre_id == work.centre_id, activations.c.ended_at.is_(None))
    ).one_or_none()
    status = "active" if approver else "example"
    if current is not None and (current.content_hash, current.status) == (content_hash, status):
        return False
    now = work.now()
    work.connection.execute(
        update(activations)
        .where(activations.c.centre_id == work.centre_id, activations.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    work.connection.execute(
        activations.insert().values(
            id=work.new_id(),
            centre_id=work.centre_id,
            content_hash=content_hash,
            status=status,
            approver=approver,
            at=now,
        )
    )
    return True


def refuse_uncounted(work: Work, content_hash: str) -> None:
    """Refuse to approve a scheme that counts days in a calendar without data for them.

    Raises:
        CalendarMissing: A wait that began today could not be counted.
    """
    faults = unreached(boxes_of(by_hash(work.connection, content_hash)), work.now().date())
    if faults:
        message = "; ".join(f"{rule}: {sentence}" for rule, sentence in faults)
        raise CalendarMissing(message)


def refuse_example(row: Any) -> None:  # noqa: ANN401 - a row with the columns of a definition in force
    """Refuse what no order may leave under: only a drill may run a scheme that nobody approved.

    Raises:
        NoDefinitionInForce: None is in force, or only an example in a live centre.
    """
    if row is None:
        message = "no workflow definition is in force in this centre"
        raise NoDefinitionInForce(message)
    if row.kind == "live" and row.status != "active":
        message = (
            f"{row.id}.v{row.version} is an example until somebody approves it:"
            f" antifraud workflow activate {row.id} {row.version} --approver NAME"
        )
        raise NoDefinitionInForce(message)


def standing(connection: Connection, centre_id: UUID) -> tuple[str, str, str | None] | None:
    """Return name, status and approver of what is in force in the centre, for whoever looks."""
    row = connection.execute(
        select(definitions.c.id, definitions.c.version, activations.c.status, activations.c.approver)
        .join(activations, activations.c.content_hash == definitions.c.content_hash)
        .where(activations.c.centre_id == centre_id, activations.c.ended_at.is_(None))
    ).one_or_none()
    return None if row is None else (f"{row.id}.v{row.version}", row.status, row.approver)


def stored(connection: Connection, definition_id: str, version: int) -> str:
    """Return the content hash of a stored definition.

    Raises:
        LookupError: None of that id and version is stored.
    """
    found: str | None = connection.scalar(
        select(definitions.c.content_hash)
        .where(definitions.c.id == definition_id, definitions.c.version == version)
        .order_by(definitions.c.loaded_at.desc())
        .limit(1)
    )
    if found is None:
        message = f"no definition {definition_id}.v{version} is stored"
        raise LookupError(message)
    return found


def versions_of(connection: Connection, schemes: Collection[str]) -> Sequence[Row[str, int, str]]:
    """Return id, version and content hash of every stored version of some schemes, the newest first."""
    return connection.execute(
        select(definitions.c.id, definitions.c.version, definitions.c.content_hash)
        .where(definitions.c.id.in_(schemes))
        .order_by(definitions.c.id, definitions.c.version.desc(), definitions.c.loaded_at.desc())
    ).all()


def every_version(connection: Connection) -> Sequence[Row[str, int, str]]:
    """Return id, version and content hash of everything that is stored, the newest version of each scheme first."""
    return versions_of(connection, set(connection.scalars(select(definitions.c.id).distinct())))


def by_hash(connection: Connection, content_hash: str) -> Definition:
    """Return the definition that a procedure is pinned to."""
    known = _by_hash.get(content_hash)
    if known is None:
        text = connection.scalar(select(definitions.c.text).where(definitions.c.content_hash == content_hash))
        if text is None:
            message = f"no definition {content_hash} is stored"
            raise LookupError(message)
        known = _by_hash[content_hash] = _parsed(text)
    return known


def titled(table: str, code: str) -> RequestKind | Outcome | TaskKind | None:
    """Return what definitions call a code of theirs, of those that this process has read; the newest first.

    Args:
        table: requests, outcomes or tasks.
        code: As a definition writes it.
    """
    for definition in reversed(list(_by_hash.values())):
        found: RequestKind | Outcome | TaskKind | None = getattr(definition, table).get(code)
        if found is not None and (found.title_zh or found.title_en):
            return found
    return None


# Content-addressed and frozen, so it can never be stale.
_by_hash: dict[str, Definition] = {}


@lru_cache(maxsize=64)
def _parsed(text: str) -> Definition:
    return parse(text)
