"""Signing in, signing out, and passwords: verified outside any transaction, counted before, recorded after."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, Row, select, update

from antifraud.auth import sessions, throttle
from antifraud.auth.models import centres, users
from antifraud.auth.passwords import PASSWORDS, Passwords
from antifraud.auth.people import Person, note, person_of
from antifraud.auth.rules import login_name, password_fault, password_spelling
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, bind, retrying
from antifraud.vault.service import Vault
from antifraud.work import Work

log = structlog.get_logger(__name__)

STRANGER: Final = "loop:sign-in"
"""Who is written down for a try of which nobody knows who it was."""


class SignInRefused(Exception):
    """The name and the password do not belong together, or there is no such login: nobody is told which."""


class NewPasswordRefused(ValueError):
    """The new password is not good enough; ``fault`` is short, long, name or same."""

    def __init__(self, fault: str) -> None:
        """Keep the code beside the message."""
        super().__init__(f"the new password is refused: {fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The way in, for one process."""

    database: Database
    clock: Clock
    vault: Vault
    passwords: Passwords = PASSWORDS

    def sign_in(
        self, typed_name: str, password: str, *, browser: str | None = None, replaces: sessions.Session | None = None
    ) -> sessions.Opened:
        """Open a session for whoever knows the password of a login.

        Args:
            typed_name: The login's name, in any case.
            password: What was typed; it goes nowhere but into the verification.
            browser: The id of a browser in which this name is proved to have signed in before.
            replaces: The session that the browser showed; it ends, so that no token outlives a sign-in.

        Raises:
            SignInRefused: Wrong password, unknown name, or disabled login; each takes as long.
            TooManyFailures: A limit is reached; says how long to wait.
            Unavailable: Too many sign-ins at once.
        """
        # A name that cannot be one is counted and verified like any other.
        name = login_name(typed_name) or "-"
        subjects = throttle.subjects_of(self.vault.keys.session, name, browser)
        counted_at = self.clock.now()

        def count() -> Row[*tuple[Any, ...]] | None:
            with self.database.begin(None, presented=f"name:{name}") as connection:
                throttle.count(connection, subjects, counted_at)
                return connection.execute(
                    select(users).where(users.c.name == name, users.c.disabled_at.is_(None))
                ).one_or_none()

        try:
            login = retrying(count)
        except throttle.TooManyFailures as error:
            log.warning("sign_in_throttled", name_hash=self._hash(name), seconds=error.retry_after.total_seconds())
            raise
        right = self.passwords.is_right(password, None if login is None else login.password_hash)
        if login is None or not right:
            self._refuse(name, login)
            raise SignInRefused
        new_hash = self.passwords.hashed(password) if self.passwords.is_outdated(login.password_hash) else None

        def record() -> sessions.Opened:
            with self.database.begin(login.centre_id) as connection:
                work = self._work(connection, login.centre_id, f"user:{name}")
                # Again and under lock: it may have been disabled, or given another password, while we verified.
                row = connection.execute(select(users).where(users.c.id == login.id).with_for_update()).one()
                if row.disabled_at is not None or row.password_hash != login.password_hash:
                    raise SignInRefused
                throttle.forgive(connection, subjects, counted_at)
                if new_hash is not None:
                    connection.execute(update(users).where(users.c.id == row.id).values(password_hash=new_hash))
                person = person_of(row)
                if replaces is not None and replaces.person.centre_id == person.centre_id:
                    sessions.end(work, replaces.id)
                opened = sessions.open_session(work, person)
                note(work, "SignedIn", {"user_id": str(person.id), "session_id": str(opened.session.id)})
                return opened

        opened = retrying(record)
        if replaces is not None and replaces.person.centre_id != login.centre_id:
            self._end(replaces)
        return opened

    def sign_out(self, session: sessions.Session) -> None:
        """End a session, and write down that its person went."""
        with self.database.begin(session.person.centre_id) as connection:
            work = self._work(connection, session.person.centre_id, session.person.actor)
            sessions.end(work, session.id)
            note(work, "SignedOut", {"user_id": str(session.person.id), "session_id": str(session.id)})

    def change_password(self, session: sessions.Session, old: str, new: str) -> sessions.Opened:
        """Give a person another password; end every session of the login and open a new one for this browser.

        Raises:
            NewPasswordRefused: The new one is not good enough, or is the old one.
            SignInRefused: The old password is wrong.
            TooManyFailures: It was wrong too often in this session.
            Unavailable: Too many are being verified.
        """
        person = session.person
        fault = password_fault(new, person.name)
        if fault is None and password_spelling(new) == password_spelling(old):
            fault = "same"
        if fault is not None:
            raise NewPasswordRefused(fault)
        subjects = throttle.subjects_of(self.vault.keys.session, person.name, f"session:{session.id}")
        counted_at = self.clock.now()
        with self.database.begin(person.centre_id) as connection:
            throttle.count(connection, subjects, counted_at)
            stored = connection.execute(select(users.c.password_hash).where(users.c.id == person.id)).scalar_one()
        if not self.passwords.is_right(old, stored):
            raise SignInRefused
        new_hash = self.passwords.hashed(new)
        with self.database.begin(person.centre_id) as connection:
            work = self._work(connection, person.centre_id, person.actor)
            changed = set_password(work, person.id, new_hash, must_change=False, instead_of=stored)
            if changed is None:
                raise SignInRefused
            throttle.forgive(connection, subjects, counted_at)
            return sessions.open_session(work, changed)

    def _refuse(self, name: str, login: Row[*tuple[Any, ...]] | None) -> None:
        """Write a refusal down: in the login's centre, or, of a name that nobody has, in the live one."""
        with self.database.begin(None) as connection:
            known = None if login is None else login.centre_id
            centre_id = connection.execute(
                select(centres.c.id).order_by(centres.c.id != known, centres.c.kind.desc(), centres.c.code).limit(1)
            ).scalar_one()
            bind(connection, centre_id)
            actor = STRANGER
            note(self._work(connection, centre_id, actor), "SignInRefused", {"name_hash": self._hash(name)})
        log.info("sign_in_refused", name_hash=self._hash(name))

    def _end(self, session: sessions.Session) -> None:
        with self.database.begin(session.person.centre_id) as connection:
            sessions.end(self._work(connection, session.person.centre_id, session.person.actor), session.id)

    def _hash(self, name: str) -> str:
        return throttle.name_hash(self.vault.keys.session, name)

    def _work(self, connection: Connection, centre_id: UUID, actor: str) -> Work:
        return Work(connection=connection, clock=self.clock, centre_id=centre_id, actor=actor, vault=self.vault)


def set_password(
    work: Work, user_id: UUID, password_hash: str, *, must_change: bool, instead_of: str | None = None
) -> Person | None:
    """Store another password and end every session of the login; return the login as it is now.

    With ``instead_of`` only while that is still the stored hash, and the login is not disabled: else None.
    """
    statement = update(users).where(users.c.id == user_id)
    if instead_of is not None:
        statement = statement.where(users.c.password_hash == instead_of, users.c.disabled_at.is_(None))
    row = work.connection.execute(
        statement.values(password_hash=password_hash, must_change=must_change).returning(users)
    ).one_or_none()
    if row is None:
        return None
    ended = sessions.end_all(work, user_id)
    note(work, "PasswordChanged", {"user_id": str(user_id), "sessions_ended": ended})
    return person_of(row)


def disable(work: Work, user_id: UUID) -> bool:
    """Let a login sign in no more and end its sessions at once; return whether it could until now."""
    done = work.connection.execute(
        update(users).where(users.c.id == user_id, users.c.disabled_at.is_(None)).values(disabled_at=work.now())
    ).rowcount
    if done:
        ended = sessions.end_all(work, user_id)
        note(work, "PersonDisabled", {"user_id": str(user_id), "sessions_ended": ended})
    return bool(done)


def enable(work: Work, user_id: UUID) -> bool:
    """Let a disabled login sign in again, by a password that is set beside it; return whether it was disabled."""
    done = work.connection.execute(
        update(users).where(users.c.id == user_id, users.c.disabled_at.is_not(None)).values(disabled_at=None)
    ).rowcount
    if done:
        note(work, "PersonEnabled", {"user_id": str(user_id)})
    return bool(done)
