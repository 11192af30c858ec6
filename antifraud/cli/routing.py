"""``antifraud workflow route | source``: which payments go to which definition, and for whom a source asks."""

from typing import Any

import click

from antifraud.audit.service import Happening, append_to_area
from antifraud.auth.service import ask_as
from antifraud.cases import definitions, routing, schemes
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.work import Work
from workflows.scheme_rules import ASKERS

CENTRE = click.option("--centre", "code", help="The centre; the live one if not said.")
_ANY = "any"


@click.group("route")
def route() -> None:
    """Lead payments to definitions by the receiver's country, the asset, or whether a border was crossed.

    The first route that fits takes a payment; what none takes goes to the
    definition that is in force. Open procedures keep theirs.
    """


@route.command("list")
@CENTRE
def show(code: str | None) -> None:
    """Show the routes of a centre in their order."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            found, ordinary = routing.listed(connection, centre.id), definitions.standing(connection, centre.id)
    for one in found:
        border = {None: _ANY, True: "across", False: "within"}[one.cross_border]
        approved = f", approved by {one.approver}" if one.approver else ""
        click.echo(
            f"{one.position}: country {one.jurisdiction or _ANY}, asset {one.asset or _ANY}, border {border}"
            f" -> {one.name}{' beside the others' if one.beside else ''}, {one.status}{approved}"
        )
    click.echo(f"all else -> {ordinary[0] if ordinary else 'nothing is in force'}")


@route.command("set")
@click.argument("position", type=click.IntRange(1, 999))
@click.argument("definition")
@click.argument("version", type=click.IntRange(1))
@click.option("--country", help="Of the institution that received the money, as in the directory (ISO 3166).")
@click.option("--asset", help="Such as EUR, or USDT@tron.")
@click.option("--border", type=click.Choice(["across", "within"]), help="Whether payer and payee differ in country.")
@click.option("--beside", is_flag=True, help="As well as the definition that takes the payment, not instead of it.")
@click.option("--approver", help="Who approved the scheme, by name; a live centre needs it.")
@CENTRE
def put(  # noqa: PLR0913, PLR0917 - a command has as many options as a route has gates
    position: int,
    definition: str,
    version: int,
    country: str | None,
    asset: str | None,
    border: str | None,
    beside: bool,  # noqa: FBT001 - a flag of the command line
    approver: str | None,
    code: str | None,
) -> None:
    """Put a route at a position, in place of the one that stands there."""
    wanted = routing.Wanted(
        position=position,
        jurisdiction=country.upper() if country else None,
        asset=asset,
        cross_border=None if border is None else border == "across",
        beside=beside,
    )
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            try:
                content_hash = definitions.stored(connection, definition, version)
                if approver is not None:
                    schemes.refuse_unsound(schemes.text_stored(connection, f"{definition}.v{version}"))
                is_new = routing.set_route(work, content_hash, wanted, approver=approver, is_live=centre.kind == "live")
            except (LookupError, routing.RouteRefused, definitions.CalendarMissing, schemes.Unsound) as error:
                raise click.ClickException(str(error)) from error
            if is_new:
                name = f"{definition}.v{version}"
                _note(work, "RouteSet", {"position": position, "content_hash": content_hash, "definition": name})
    click.echo("set" if is_new else "was set already")


@route.command("end")
@click.argument("position", type=click.IntRange(1, 999))
@CENTRE
def end(position: int, code: str | None) -> None:
    """Take a route away: what it took goes to the next one that fits."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            if not routing.end_route(work, position):
                message = f"there is no route {position}"
                raise click.ClickException(message)
            _note(work, "RouteEnded", {"position": position})
    click.echo("ended")


@click.command("source")
@click.argument("source")
@click.option("--asks-as", type=click.Choice(sorted(ASKERS)), required=True, help="For whom its reports ask.")
@CENTRE
def source_asks(source: str, asks_as: str, code: str | None) -> None:
    """Say for whom a source asks; a claim by somebody whom the scheme does not name waits for a person."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            if not ask_as(connection, source, asks_as):
                message = f"{centre.code} has no source {source}"
                raise click.ClickException(message)
            _note(work, "SourceAsksAs", {"source": source, "asks_as": asks_as})
    click.echo(f"{source} asks as {asks_as}")


def _note(work: Work, kind: str, payload: dict[str, Any]) -> None:
    happening = Happening(id=work.new_id(), at=work.now(), kind=kind, payload=payload)
    append_to_area(work, "admin", [happening])
