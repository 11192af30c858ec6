"""``antifraud workflow``: which scheme is in force, and who approved it."""

import json

import click

from antifraud.cases import definitions
from antifraud.cases.schemes import Unsound, refuse_unsound, text_stored
from antifraud.cli import schemes, versions
from antifraud.cli.opened import choose_centre, chosen, open_installation, this_user
from antifraud.cli.routing import route, source_asks
from workflows.language.schema import schema


@click.group()
def command() -> None:
    """Show and approve the workflow definitions of the centres."""


@command.command("show")
@click.argument("definition", required=False)
@click.option("--centre", "code", help="Only this centre.")
@schemes.LANGUAGE
def show(definition: str | None, code: str | None, lang: str) -> None:
    """Show the rules of a DEFINITION (a file or a name); without one, what is in force where, and by whose approval."""
    if definition is not None:
        schemes.show_rules(definition, lang)
        return
    with open_installation() as installation:
        for centre in chosen(installation, code):
            with installation.database.begin(centre.id) as connection:
                found = definitions.standing(connection, centre.id)
            if found is None:
                click.echo(f"{centre.code}: nothing is in force")
                continue
            name, status, approver = found
            click.echo(f"{centre.code}: {name}, {status}{f', approved by {approver}' if approver else ''}")


@command.command("activate")
@click.argument("definition")
@click.argument("version", type=click.IntRange(1))
@click.option("--approver", required=True, help="Who approved the scheme, by name; it is recorded.")
@click.option("--centre", "code", help="The centre; the live one if not said.")
def activate(definition: str, version: int, approver: str, code: str | None) -> None:
    """Put a stored definition in force as approved, after its check; open procedures keep theirs.

    Reports that a live centre took before are understood within seconds.
    """
    name = f"{definition}.v{version}"
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            try:
                content_hash = definitions.stored(connection, definition, version)
                definitions.refuse_uncounted(work, content_hash)
                refuse_unsound(text_stored(connection, name))
            except (LookupError, definitions.CalendarMissing, Unsound) as error:
                raise click.ClickException(str(error)) from error
            is_new = schemes.put_in_force(work, name, content_hash, approver)
    click.echo("in force now" if is_new else "was in force already")


@command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the language, for an editor or a check elsewhere."""
    click.echo(json.dumps(schema(), ensure_ascii=False, indent=2))


command.add_command(route)
command.add_command(source_asks)
command.add_command(schemes.check)
command.add_command(schemes.load)
command.add_command(schemes.diff)
command.add_command(schemes.diagram)
command.add_command(versions.simulate)
command.add_command(versions.migrate)
