"""``antifraud user``: who can sign in. Passwords are made here and shown once, never taken from the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from antifraud.auth.passwords import PASSWORDS, made_password
from antifraud.auth.people import NotALogin, Person, UnknownLogin, add_person, everybody, person_named
from antifraud.auth.rules import ROLES
from antifraud.auth.signing_in import disable, enable, set_password
from antifraud.cli.opened import choose_centre, chosen, open_installation, this_user
from antifraud.work import Work

_centre = click.option("--centre", "code", help="The login's centre; the live one if not said.")


@click.group()
def command() -> None:
    """List, add and disable logins, and give them new passwords."""


@command.command("list")
@click.option("--centre", "code", help="Only this centre.")
def list_command(code: str | None) -> None:
    """List every login with its roles, and whether it still has a password made for it."""
    with open_installation() as installation:
        for centre in chosen(installation, code):
            with installation.database.begin(centre.id) as connection:
                for person, is_disabled in everybody(connection):
                    state = "disabled" if is_disabled else "must change" if person.must_change else "active"
                    click.echo(f"{centre.code:<10} {person.name:<24} {','.join(person.roles):<28} {state}")


@command.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="As often as needed.")
@click.option("--same-person-as", "other", help="Another login of the same human being: they never approve each other.")
@_centre
def add_command(name: str, roles: tuple[str, ...], other: str | None, code: str | None) -> None:
    """Make a login, and show its first password once."""
    password = made_password()
    password_hash = PASSWORDS.hashed(password)
    with _acting(code) as work:
        person_id = person_named(work.connection, other).person_id if other else None
        person = add_person(work, name, roles, password_hash, person_id=person_id)
    _show(person, password)


@command.command("password")
@click.argument("name")
@_centre
def password_command(name: str, code: str | None) -> None:
    """Give a login a new password, shown once; its sessions end."""
    password = made_password()
    password_hash = PASSWORDS.hashed(password)
    with _acting(code) as work:
        person = person_named(work.connection, name)
        set_password(work, person.id, password_hash, must_change=True)
    _show(person, password)


@command.command("disable")
@click.argument("name")
@_centre
def disable_command(name: str, code: str | None) -> None:
    """Let a login sign in no more; its sessions end at once, and what it did stays its own."""
    with _acting(code) as work:
        was_active = disable(work, person_named(work.connection, name).id)
    click.echo("disabled" if was_active else "was disabled before")


@command.command("enable")
@click.argument("name")
@_centre
def enable_command(name: str, code: str | None) -> None:
    """Let a disabled login sign in again, by a new password that is shown once."""
    password = made_password()
    password_hash = PASSWORDS.hashed(password)
    with _acting(code) as work:
        person = person_named(work.connection, name)
        if not enable(work, person.id):
            raise click.ClickException("this login is not disabled; `antifraud user password` gives it a new password")
        set_password(work, person.id, password_hash, must_change=True)
    _show(person, password)


@contextmanager
def _acting(code: str | None) -> Iterator[Work]:
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            with installation.database.begin(centre.id) as connection:
                yield installation.work(connection, centre.id, this_user())
        except (NotALogin, UnknownLogin) as error:
            raise click.ClickException(f"{error} (centre {centre.code})") from error


def _show(person: Person, password: str) -> None:
    click.echo(f"{person.name} / {password}  (shown once; it must be changed at the first sign-in)")
