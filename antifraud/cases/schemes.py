"""Definitions as people handle them: by file or name, checked before they count, with what stands in force where."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.cases.models import activations, definitions
from workflows import Definition, bundled, library, parse
from workflows.checking import Result, check

_SUFFIX: Final = ".toml"


class Unsound(ValueError):
    """The definition fails its check; the message has the shortest path to each fault."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A stored definition as a centre sees it: `status` is active or example where it is in force, else None."""

    name: str
    title_zh: str
    title_en: str
    content_hash: str
    status: str | None
    approver: str | None
    confidences: tuple[str, ...]
    """The confidence of each rule."""

    @property
    def least(self) -> str:
        """The lowest confidence of any rule with an outside source; proposals are the centre's own."""
        found = [level for level in ("low", "medium", "high") if level in self.confidences]
        return found[0] if found else "proposal"


def text_in(file: Path) -> str:
    """Return a file's text.

    Raises:
        LookupError: It cannot be read as text.
    """
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise LookupError(message) from error


def text_bundled(named: str) -> str | None:
    """Return the text of a definition that comes with the product; without a version the newest one of its id."""
    ident, _, version = named.partition(".v")
    versions = [known for name, known in bundled() if name == ident and version in {"", str(known)}]
    return library.text_of(ident, max(versions)) if versions else None


def text_stored(connection: Connection, named: str) -> str:
    """Return the text of a stored definition; without a version the newest one of its id.

    Raises:
        LookupError: None of that name is stored.
    """
    ident, _, version = named.partition(".v")
    wanted = select(definitions.c.text).where(definitions.c.id == ident)
    if version:
        wanted = wanted.where(definitions.c.version == (int(version) if version.isdecimal() else -1))
    order = definitions.c.version.desc(), definitions.c.loaded_at.desc()
    found: str | None = connection.scalar(wanted.order_by(*order).limit(1))
    if found is None:
        message = f"no definition {named} is stored"
        raise LookupError(message)
    return found


def standing(connection: Connection, centre_id: UUID) -> list[Standing]:
    """Return every stored definition, newest versions first, with what it is in the centre."""
    rows = connection.execute(
        select(definitions.c.text, definitions.c.content_hash, activations.c.status, activations.c.approver)
        .outerjoin(
            activations,
            (activations.c.content_hash == definitions.c.content_hash)
            & (activations.c.centre_id == centre_id)
            & activations.c.ended_at.is_(None),
        )
        .order_by(definitions.c.id, definitions.c.version.desc(), definitions.c.loaded_at.desc())
    )
    return [_standing(parsed(row.text), row.status, row.approver) for row in rows]


def _standing(read: Definition, status: str | None, approver: str | None) -> Standing:
    confidences = tuple(rule.confidence for rule in read.provenance)
    return Standing(read.name, read.title_zh, read.title_en, read.content_hash, status, approver, confidences)


@lru_cache(maxsize=64)
def parsed(text: str) -> Definition:
    """Return what a text says; texts are few and never change.

    Raises:
        InvalidDefinition: It has faults.
    """
    return parse(text)


@lru_cache(maxsize=16)
def checked(text: str) -> Result:
    """Return what the check of a text finds; it takes seconds, and the same text gives the same."""
    return check(parsed(text))


def refuse_unsound(text: str) -> Result:
    """Check a definition before anything relies on it.

    Raises:
        Unsound: A property fails, or the exploration could not be finished.
    """
    result = checked(text)
    if not result.is_sound:
        kept = [line for line in result.lines() if not line.startswith(("left out: ", "holds: "))]
        raise Unsound("\n".join(kept))
    return result
