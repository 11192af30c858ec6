"""What every command needs first: the settings, with a wrong one said in a sentence and not in a traceback."""

import os
from typing import Final

import click
from sqlalchemy.exc import OperationalError

from antifraud.auth.service import Centre
from antifraud.foundation.settings import Settings, SettingsError
from antifraud.installation import Installation
from antifraud.vault.keyring import KeysMissing

EXIT_WRONG_SETTINGS: Final = 2


def read_settings() -> Settings:
    """Return the settings of this process, or end it with exit code 2 and the sentence that says what to mend."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        click.echo(f"antifraud: {error}", err=True)
        raise SystemExit(EXIT_WRONG_SETTINGS) from error


def open_installation() -> Installation:
    """Return the installation as a command sees it, or end with a sentence that says how to start it."""
    settings = read_settings()
    try:
        installation = Installation.open(settings, pool_size=2, process="antifraud command")
        installation.centres()
    except (SettingsError, KeysMissing) as error:
        click.echo(f"antifraud: {error}", err=True)
        raise SystemExit(EXIT_WRONG_SETTINGS) from error
    except OperationalError as error:
        click.echo("antifraud: the database does not answer: is the service running (`make run`)?", err=True)
        raise SystemExit(EXIT_WRONG_SETTINGS) from error
    return installation


def choose_centre(installation: Installation, code: str | None) -> Centre:
    """Return the centre of that code; without a code, the live one."""
    centres = installation.centres()
    for centre in centres:
        if centre.code == code or (code is None and centre.kind == "live"):
            return centre
    known = ", ".join(centre.code for centre in centres)
    click.echo(f"antifraud: there is no centre {code!r}; there are {known}", err=True)
    raise SystemExit(EXIT_WRONG_SETTINGS)
