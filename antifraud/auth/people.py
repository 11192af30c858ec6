"""Who signs in: logins of a centre, their roles and their settings. A person may have several logins."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.audit.service import Happening, append_to_area
from antifraud.auth.models import users
from antifraud.auth.rules import ROLES, login_name, may
from antifraud.work import Work

AREA = "auth"
LOCALES = ("zh", "en")
THEMES = ("light", "dark")


class NotALogin(ValueError):
    """A login cannot be made as asked; the message says what to change."""


class UnknownLogin(LookupError):
    """The centre has no login of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts: a login of one centre, and what it may do.

    ``id`` is the login's; ``person_id`` is the human being's, whom two logins
    may share: whether a second *person* approves is asked of that.
    """

    id: UUID
    person_id: UUID
    centre_id: UUID
    name: str
    roles: tuple[str, ...]
    locale: str | None = None
    theme: str | None = None
    has_shortcuts: bool = True
    must_change: bool = False

    @property
    def actor(self) -> str:
        """Return how the log names this login."""
        return f"user:{self.name}"

    def may(self, act: str) -> bool:
        """Tell whether this login's roles allow ``act``; an act that there is not raises KeyError."""
        return may(self.roles, act)


def people_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Return logins of the transaction's centre, also disabled ones: their acts stay theirs."""
    rows = connection.execute(select(users).where(users.c.id.in_(set(ids))))
    return {row.id: person_of(row) for row in rows}


def active_people(connection: Connection) -> list[Person]:
    """Return the logins of the transaction's centre that can sign in, by name."""
    rows = connection.execute(select(users).where(users.c.disabled_at.is_(None)).order_by(users.c.name))
    return [person_of(row) for row in rows]


def everybody(connection: Connection) -> list[tuple[Person, bool]]:
    """Return every login of the transaction's centre by name, and whether it is disabled."""
    rows = connection.execute(select(users).order_by(users.c.name))
    return [(person_of(row), row.disabled_at is not None) for row in rows]


def person_named(connection: Connection, name: str) -> Person:
    """Return a login of the transaction's centre by its name, also a disabled one.

    Raises:
        UnknownLogin: There is none.
    """
    row = connection.execute(select(users).where(users.c.name == login_name(name))).one_or_none()
    if row is None:
        raise UnknownLogin("there is no login of that name in this centre")
    return person_of(row)


def add_person(
    work: Work,
    name: str,
    roles: Collection[str],
    password_hash: str,
    *,
    must_change: bool = True,
    person_id: UUID | None = None,
) -> Person:
    """Make a login of the work's centre.

    Args:
        work: The open transaction.
        name: One name is one login of the whole installation.
        roles: At least one of ``ROLES``.
        password_hash: From ``Passwords.hashed``, made before the transaction.
        must_change: Whether the first sign-in asks for another password.
        person_id: Whose second login it is; a new human being if not said.

    Raises:
        NotALogin: The name cannot be one or is taken, or the roles are none.
    """
    spelled = login_name(name)
    if spelled is None:
        raise NotALogin("a name has up to 40 letters and digits, with . _ - between them")
    if not roles or not set(roles) <= set(ROLES):
        raise NotALogin(f"roles are among {', '.join(ROLES)}, at least one")
    row = work.connection.execute(
        upsert(users)
        .values(
            id=work.new_id(),
            centre_id=work.centre_id,
            name=spelled,
            person_id=person_id or work.new_id(),
            password_hash=password_hash,
            must_change=must_change,
            roles=[role for role in ROLES if role in roles],
            created_at=work.now(),
        )
        .on_conflict_do_nothing()
        .returning(users)
    ).one_or_none()
    if row is None:
        raise NotALogin("this name is taken, here or in another centre: choose another")
    person = person_of(row)
    note(work, "PersonAdded", {"user_id": str(person.id), "roles": list(person.roles)})
    return person


def change_settings(work: Work, user_id: UUID, *, locale: str | None, theme: str | None, has_shortcuts: bool) -> None:
    """Keep how a login wants the console; None follows the browser.

    Raises:
        ValueError: A language or a theme that there is not.
    """
    if locale not in {None, *LOCALES} or theme not in {None, *THEMES}:
        message = f"languages are {', '.join(LOCALES)}, themes {', '.join(THEMES)}"
        raise ValueError(message)
    work.connection.execute(
        update(users).where(users.c.id == user_id).values(locale=locale, theme=theme, has_shortcuts=has_shortcuts)
    )


def note(work: Work, kind: str, payload: dict[str, Any]) -> None:
    """Write one entry into the centre's area of sign-ins and logins."""
    append_to_area(work, AREA, [Happening(id=work.new_id(), at=work.now(), kind=kind, payload=payload)])


def person_of(row: Row[*tuple[Any, ...]]) -> Person:
    """Return the login of a row of `users`."""
    return Person(
        id=row.id,
        person_id=row.person_id,
        centre_id=row.centre_id,
        name=row.name,
        roles=tuple(row.roles),
        locale=row.locale,
        theme=row.theme,
        has_shortcuts=row.has_shortcuts,
        must_change=row.must_change,
    )
