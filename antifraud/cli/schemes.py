"""``antifraud workflow check | load | rules | diff | diagram``: a scheme's file, before anybody relies on it."""

import time
from pathlib import Path

import click

from antifraud.audit.service import Happening, append_to_area
from antifraud.cases import definitions, schemes
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.work import Work
from workflows import InvalidDefinition
from workflows.checking import explore
from workflows.describing import rules_of
from workflows.differences import differences
from workflows.drawing import picture, ways

LANGUAGE = click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="The language of durations.")


@click.command("check")
@click.argument("definition")
def check(definition: str) -> None:
    """Explore a DEFINITION (a file, or a name such as cn_emergency_stop.v1) in every state that it can reach.

    Prints the bound, the number of states, what was left out, and for each
    property whether it holds; a fault comes with the shortest path to it.
    """
    text = text_of(definition)
    began = time.perf_counter()
    result = schemes.checked(text)
    for line in result.lines():
        click.echo(line)
    click.echo(f"{time.perf_counter() - began:.1f} s")
    if not result.is_sound:
        raise SystemExit(1)


@click.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--activate", is_flag=True, help="Put it in force at once.")
@click.option("--approver", help="Who approved the scheme, by name; without one it runs as an example.")
@click.option("--centre", "code", help="The centre; the live one if not said.")
def load(file: Path, approver: str | None, code: str | None, *, activate: bool) -> None:
    """Read and check a FILE, and store it; a definition that fails is refused with the shortest path to the fault."""
    try:
        text = schemes.text_in(file)
        read, result = schemes.parsed(text), schemes.refuse_unsound(text)
    except InvalidDefinition as error:
        raise click.ClickException("\n".join(told(error))) from error
    except (LookupError, schemes.Unsound) as error:
        raise click.ClickException(str(error)) from error
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            definitions.store(work, text)
            is_new = activate and put_in_force(work, read.name, read.content_hash, approver)
    click.echo(f"{read.name} {read.content_hash[:12]}: sound in {result.explored.states} states, stored")
    if activate:
        click.echo("in force now" if is_new else "was in force already")


def put_in_force(work: Work, name: str, content_hash: str, approver: str | None) -> bool:
    """Put a stored definition in force, and record it; return whether that changed anything.

    Raises:
        click.ClickException: Its calendar has no data for a wait that begins today.
    """
    try:
        is_new = definitions.put_in_force(work, content_hash, approver=approver)
    except definitions.CalendarMissing as error:
        raise click.ClickException(str(error)) from error
    if is_new:
        status = "active" if approver else "example"
        happening = Happening(
            id=work.new_id(),
            at=work.now(),
            kind="DefinitionPutInForce",
            payload={"definition": name, "content_hash": content_hash, "status": status},
        )
        append_to_area(work, "admin", [happening])
    return is_new


@click.command("diff")
@click.argument("before")
@click.argument("after")
@LANGUAGE
def diff(before: str, after: str, lang: str) -> None:
    """Say in words what the definition AFTER says otherwise than BEFORE, rule by rule."""
    lines = differences(text_of(before), text_of(after), lang)
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo("both say the same")


@click.command("diagram")
@click.argument("definition")
def diagram(definition: str) -> None:
    """Draw the states of a DEFINITION as SVG, from its exploration."""
    read = schemes.parsed(text_of(definition))
    click.echo(picture((read.title_zh, read.title_en), ways(read, explore(read))), nl=False)


def show_rules(definition: str, lang: str) -> None:
    """Print each rule with what it says, its source and how sure that is."""
    for rule in rules_of(text_of(definition), lang):
        click.echo(f"[{rule.path}] {rule.line}")
        if rule.source:
            seen = f", checked on {rule.checked_on}" if rule.checked_on else ""
            click.echo(f"    {rule.confidence}{seen}: {rule.source}")


def text_of(named: str) -> str:
    """Return the text of a definition that parses: a file, one that comes with the product, or a stored one.

    Raises:
        click.ClickException: There is none of that name, or it has faults: all of them are told.
    """
    try:
        text = _found(named)
        schemes.parsed(text)
    except InvalidDefinition as error:
        raise click.ClickException("\n".join(told(error))) from error
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    return text


def _found(named: str) -> str:
    if named.endswith(".toml"):
        return schemes.text_in(Path(named))
    bundled = schemes.text_bundled(named)
    if bundled is not None:
        return bundled
    with open_installation() as installation:
        centre = installation.centres()[0]
        with installation.database.begin(centre.id) as connection:
            return schemes.text_stored(connection, named)


def told(error: InvalidDefinition) -> list[str]:
    """Return the faults of a definition, one a line, each with its TOML path."""
    return [f"{path}: {sentence}" if path else sentence for path, sentence in error.faults]
