"""``antifraud calendar``: which days count, in which years, and where that is known from."""

from pathlib import Path

import click

from antifraud.cases.calendars import adopt_from, folder_of, keep
from antifraud.cli.surroundings import read_settings
from antifraud.foundation.settings import SettingsError
from workflows.calendars import DayCalendar, InvalidCalendar, calendar_named, names


@click.group()
def command() -> None:
    """Show the calendars of working and banking days, and bring newer ones."""


@command.command("list")
def list_command() -> None:
    """List the calendars, the years that each reaches, and its version."""
    try:
        own = {found.name for found in adopt_from(read_settings().home)}
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    for name in names():
        click.echo(_line(calendar_named(name), "of this installation" if name in own else "of the product"))


@command.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(file: Path) -> None:
    """Bring a newer calendar from FILE; each process takes it when it starts.

    Afterwards restart the service, and run `antifraud deadline recount`: open
    waits never move by themselves.
    """
    home = read_settings().home
    try:
        found = keep(home, file.read_text("utf-8"))
    except (InvalidCalendar, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_line(found, str(folder_of(home))))
    click.echo("restart the service, then run `antifraud deadline recount`")


def _line(found: DayCalendar, where: str) -> str:
    return (
        f"{found.name:8} {found.first.year}-{found.last.year}  {found.version}  checked on {found.checked_on}, "
        f"confidence {found.confidence}, {where}: {found.title_en}"
    )
