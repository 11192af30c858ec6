"""``antifraud db``: make and check what must be there before the first process."""

import tempfile
from pathlib import Path

import click

from antifraud.cli.surroundings import read_settings
from antifraud.founding import prepare
from antifraud.founding.schema import differences_from_models, is_current, migrate, new_migration
from antifraud.supervisor.postgres import EmbeddedPostgres
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
    """Say whether the database has the newest schema; exit code 1 if not."""
    settings = read_settings()
    if settings.database_url is None:
        raise click.ClickException("no database: set DATABASE_URL, or start the service first")
    if not is_current(settings.database_url):
        raise click.ClickException("the schema is older than this program: run `antifraud db prepare`")
    click.echo("the schema is the newest")


@command.command("rehearse")
def rehearse_command() -> None:
    """Run every migration on an empty database of its own, and compare the result with the tables in the code."""
    with tempfile.TemporaryDirectory(prefix="antifraud-rehearsal-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        try:
            owner_url = postgres.start()
            migrate(owner_url)
            found = differences_from_models(owner_url)
        finally:
            postgres.destroy()
    for difference in found:
        click.echo(difference, err=True)
    if found:
        raise click.ClickException("the migrations and the tables in the code do not agree")
    click.echo("the migrations give the tables that the code expects")


@command.command("revision")
@click.argument("message")
def revision_command(message: str) -> None:
    """Begin a new numbered migration."""
    new_migration(message)
