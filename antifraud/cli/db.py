"""``antifraud db``: make and check what must be there before the first process."""

import click

from antifraud.cli.surroundings import read_settings
from antifraud.founding import is_current, prepare
from antifraud.vault.keyring import KeysMissing


@click.group()
def command() -> None:
    """Prepare the database, keys and first contents, or check the schema."""


@command.command("prepare")
def prepare_command() -> None:
    """Bring the schema up to date and make what is missing; run it as often as you like."""
    settings = read_settings()
    try:
        prepare(settings, settings.build_clock(), click.echo)
    except (KeysMissing, LookupError) as error:
        raise click.ClickException(str(error)) from error


@command.command("check")
def check_command() -> None:
    """Say whether the schema is the newest; exit code 1 if not."""
    settings = read_settings()
    if settings.database_url is None:
        raise click.ClickException("no database: set DATABASE_URL, or start the service first")
    if not is_current(settings.database_url):
        raise click.ClickException("the schema is older than this program: run `antifraud db prepare`")
    click.echo("the schema is the newest")
