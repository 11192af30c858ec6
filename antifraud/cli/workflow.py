"""``antifraud workflow``: which scheme is in force, and who approved it."""

import json

import click

from antifraud.audit.service import Happening, append_to_area
from antifraud.cases import definitions
from antifraud.cli.opened import choose_centre, chosen, open_installation, this_user
from antifraud.cli.routing import route, source_asks
from workflows.language.schema import schema


@click.group()
def command() -> None:
    """Show and approve the workflow definitions of the centres."""


@command.command("show")
@click.option("--centre", "code", help="Only this centre.")
def show(code: str | None) -> None:
    """Show what is in force in each centre, as what, and by whose approval."""
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
    """Put a stored definition in force as approved; open procedures keep theirs.

    Reports that a live centre took before are understood within seconds.
    """
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            try:
                content_hash = definitions.stored(connection, definition, version)
                is_new = definitions.put_in_force(work, content_hash, approver=approver)
            except (LookupError, definitions.CalendarMissing) as error:
                raise click.ClickException(str(error)) from error
            if is_new:
                happening = Happening(
                    id=work.new_id(),
                    at=work.now(),
                    kind="DefinitionPutInForce",
                    payload={
                        "definition": f"{definition}.v{version}",
                        "content_hash": content_hash,
                        "status": "active",
                    },
                )
                append_to_area(work, "admin", [happening])
    click.echo("in force now" if is_new else "was in force already")


@command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the language, for an editor or a check elsewhere."""
    click.echo(json.dumps(schema(), ensure_ascii=False, indent=2))


command.add_command(route)
command.add_command(source_asks)
