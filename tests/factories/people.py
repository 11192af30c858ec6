"""Logins and signed-in browsers: a real row of a session, and its real cookie."""

from collections.abc import Sequence
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from antifraud.auth.passwords import PASSWORDS, Passwords
from antifraud.auth.people import Person, UnknownLogin, add_person, person_named
from antifraud.auth.service import Centre
from antifraud.auth.sessions import Opened, open_session
from antifraud.installation import Installation

PASSWORD = "rain-on-the-roof-42"


def person(
    installation: Installation,
    centre: Centre,
    roles: Sequence[str] = ("operator",),
    *,
    name: str | None = None,
    password: str | None = None,
    must_change: bool = False,
    person_id: UUID | None = None,
    passwords: Passwords = PASSWORDS,
) -> Person:
    """Return a login of the centre, made if it is not there; without a password nobody can sign in by one."""
    called = name or f"{centre.code}-{'-'.join(roles)}"
    password_hash = passwords.hashed(password) if password else passwords.hash_of_nothing()
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "cli:test")
        try:
            return person_named(connection, called)
        except UnknownLogin:
            return add_person(work, called, roles, password_hash, must_change=must_change, person_id=person_id)


def opened(installation: Installation, centre: Centre, who: Person) -> Opened:
    """Return a session opened now for a login."""
    with installation.database.begin(centre.id) as connection:
        return open_session(installation.work(connection, centre.id, who.actor), who)


def signed_in(
    app: Flask,
    installation: Installation,
    centre: Centre,
    roles: Sequence[str] = ("operator",),
    *,
    name: str | None = None,
) -> FlaskClient:
    """Return a browser in which somebody with these roles has signed in; the same name is the same login."""
    from antifraud.console.frame.sessions import cookie_name  # noqa: PLC0415 - only what has a browser needs the console

    client = app.test_client()
    token = opened(installation, centre, person(installation, centre, roles, name=name)).token
    client.set_cookie(cookie_name(installation.settings.public_url), token, domain="localhost")
    return client
