"""``antifraud workflow simulate | migrate``: another version of a scheme, on the record or for an open case."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from antifraud.cases import acts, definitions, migrating
from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.histories import Compared, compare, summed
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.foundation.problems import Problem
from antifraud.foundation.times import parse_time
from antifraud.work import Work
from workflows import Definition, EventRefused, InvalidDefinition, parse
from workflows.codec import instant_to_text

CENTRE = click.option("--centre", "code", help="The centre; the live one if not said.")


@click.command("simulate")
@click.argument("definition")
@click.option("--case", "numbers", multiple=True, help="Only this case; may be given again.")
@click.option("--since", help="Only cases opened from then on, as 2026-11-01T00:00:00+08:00.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a procedure, and one with the sum.")
@CENTRE
def simulate(definition: str, numbers: tuple[str, ...], since: str | None, code: str | None, *, as_json: bool) -> None:
    """Run recorded cases under another DEFINITION, and print what would have been otherwise.

    DEFINITION is a TOML file, or the name of a stored one such as
    cn_emergency_stop.v2. Nothing is written.
    """
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            try:
                after = parse_time(since).earliest if since else None
                found = list(compare(work, _definition(work, definition), numbers=numbers, since=after))
            except (InvalidDefinition, LookupError, Problem) as error:
                raise click.ClickException(str(error)) from error
    for line in _as_json(found) if as_json else _lines(found):
        click.echo(line)


@click.command("migrate")
@click.argument("number")
@click.argument("definition")
@click.option("--ask", is_flag=True, help="Ask another person to approve it; without this it is only told.")
@CENTRE
def migrate(number: str, definition: str, code: str | None, *, ask: bool) -> None:
    """Tell what a move of an open case to a stored DEFINITION (such as cn_emergency_stop.v2) would change.

    With --ask the move waits for another person: `antifraud case approve`.
    """
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            try:
                case_id = acts.case_id_of(work, number)
                content_hash = _definition(work, definition).content_hash
                plans = migrating.preview(work, case_id, content_hash)
                if ask:
                    migrating.ask(work, installation.mail(centre), case_id, content_hash)
            except (CaseNotFound, EventRefused, InvalidDefinition, LookupError, Problem) as error:
                raise click.ClickException(str(error)) from error
    if not plans:
        click.echo("no open procedure of this case is under another version of this scheme")
    for procedure_id, told in plans.items():
        click.echo(f"procedure {procedure_id} to {told.definition}: {told.kept} waits stay as they are")
        for clock, moved in told.moved:
            was, now = (instant_to_text(one.due_at) for one in (moved.was, moved.now))
            click.echo(f"  {clock.kind} ({moved.now.rule}): due {was}, would be due {now}")
        for obstacle in told.obstacles:
            click.echo(f"  stands in the way: {obstacle}")
    if ask and plans:
        click.echo("asked: another person approves it with `antifraud case approve`")


def _definition(work: Work, named: str) -> Definition:
    if named.endswith(".toml"):
        try:
            return parse(Path(named).read_text("utf-8"))
        except OSError as error:
            message = f"{named} cannot be read: {error.strerror}"
            raise LookupError(message) from error
    ident, _point, version = named.rpartition(".v")
    if not version.isascii() or not version.isdecimal():
        message = f"{named!r} is no definition: write a file such as my_scheme.v1.toml, or a name such as my_scheme.v1"
        raise LookupError(message)
    return definitions.by_hash(work.connection, definitions.stored(work.connection, ident, int(version)))


def _lines(found: list[Compared]) -> list[str]:
    lines = []
    for one in found:
        if one.differences:
            lines.append(f"case {one.case_no}")
            lines += [f"  {d.what} {d.subject}: {d.was} -> {d.would_be}" for d in one.differences]
    total = summed(found)
    lines.append(f"{total.procedures} procedures, {total.differing} would have gone otherwise")
    lines += [f"  {name}: {was} -> {would_be}" for name, (was, would_be) in total.figures.items()]
    return lines


def _as_json(found: list[Compared]) -> list[str]:
    each = [json.dumps(asdict(one), default=str, ensure_ascii=False) for one in found if one.differences]
    return [*each, json.dumps({"summary": asdict(summed(found))}, ensure_ascii=False)]
