"""What a command about stored things needs: the opened installation, or one sentence that says why not."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from antifraud.auth.service import Centre
from antifraud.cli.surroundings import read_settings
from antifraud.foundation.db import sqlstate
from antifraud.foundation.settings import SettingsError
from antifraud.installation import Installation
from antifraud.vault.keyring import KeysMissing

# A table or a column that the code names is not there.
_OLDER_SCHEMA = {"42P01", "42703"}


@contextmanager
def open_installation() -> Iterator[Installation]:
    """Open the installation for the length of a command."""
    try:
        installation = Installation.open(read_settings(), pool_size=1, process="antifraud cli")
    except (SettingsError, KeysMissing) as error:
        raise click.ClickException(str(error)) from error
    try:
        yield installation
    except OperationalError as error:
        raise click.ClickException("the database does not answer: is the service running (`make run`)?") from error
    except ProgrammingError as error:
        if sqlstate(error) not in _OLDER_SCHEMA:
            raise
        raise click.ClickException("the schema is older than this program: run `antifraud db prepare`") from error
    finally:
        installation.database.close()


def this_user() -> str:
    """Return who acts by a command: the operating-system user, never a word of the command line."""
    return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


def choose_centre(installation: Installation, code: str | None) -> Centre:
    """Return the centre of that code; without a code, the live one.

    Raises:
        click.ClickException: There is none of that code.
    """
    return next(centre for centre in chosen(installation, code) if code is not None or centre.kind == "live")


def chosen(installation: Installation, code: str | None) -> list[Centre]:
    """Return the centre of that code, or every one.

    Raises:
        click.ClickException: There is none of that code.
    """
    known = installation.centres()
    found = [centre for centre in known if code in (None, centre.code)]
    if not found:
        message = f"there is no centre {code!r}; known: {', '.join(centre.code for centre in known)}"
        raise click.ClickException(message)
    return found
