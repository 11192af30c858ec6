"""What every command needs first: the settings, with a wrong one said in a sentence and not in a traceback."""

import os
from typing import Final

import click

from antifraud.foundation.settings import Settings, SettingsError

EXIT_WRONG_SETTINGS: Final = 2


def read_settings() -> Settings:
    """Return the settings of this process, or end it with exit code 2 and the sentence that says what to mend."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        click.echo(f"antifraud: {error}", err=True)
        raise SystemExit(EXIT_WRONG_SETTINGS) from error
    except PermissionError as error:
        click.echo(
            f"antifraud: {error.filename} may not be read by you: use the account that runs the service", err=True
        )
        raise SystemExit(EXIT_WRONG_SETTINGS) from error
