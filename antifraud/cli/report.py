"""``antifraud report``: hand in reports from files on this machine, and forget one."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import click

from antifraud.auth.service import Source, source_by_code
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.foundation.logs import configure
from antifraud.foundation.problems import NotAuthenticated, Problem
from antifraud.intake.answers import Submission
from antifraud.intake.door import Door
from antifraud.intake.forgetting import CaseStillOpen, UnknownReport, forget
from antifraud.intake.profiles import PROFILES
from antifraud.intake.separating import CannotSeparate
from workflows import EventRefused


@click.group()
def command() -> None:
    """Hand in fraud reports, or forget one."""
    # Otherwise a failure of ours would be shown with its locals: with the report itself.
    configure("antifraud report")


@command.command("submit")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="native", show_default=True)
@click.option("--centre", "code", help="The centre that takes them; the live one if not said.")
@click.option("--source", "source_code", default="import", show_default=True, help="The source they come from.")
def submit(files: tuple[Path, ...], profile: str, code: str | None, source_code: str) -> None:
    """Submit reports: a JSON document a file, or a JSON object a line in files that end in .jsonl.

    A report that is known already is no error; one that must be mended is
    said with what to mend, the others are taken, and the exit code is 1.
    """
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            source = source_by_code(installation.database, centre.id, source_code)
        except NotAuthenticated as error:
            raise click.ClickException(str(error)) from error
        refused = _submit(Door.of(installation), source, files, profile)
    if refused:
        raise SystemExit(1)


@command.command("forget")
@click.argument("number")
@click.option("--reason", required=True, help="A code such as retention_over; it goes to the log.")
@click.option("--centre", "code", help="The report's centre; the live one if not said.")
def forget_command(number: str, reason: str, code: str | None) -> None:
    """Destroy the key of a report's personal data: nobody can read it again, and every proof stays."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            with installation.database.begin(centre.id) as connection:
                work = installation.work(connection, centre.id, this_user())
                was_there = forget(work, installation.mail(centre), number, reason)
        except (UnknownReport, CaseStillOpen, ValueError) as error:
            raise click.ClickException(str(error)) from error
    click.echo("forgotten" if was_there else "was forgotten before")


@command.command("separate")
@click.argument("number")
@click.option("--reason", required=True, help="A code such as other_payment; it goes to the log.")
@click.option("--centre", "code", help="The report's centre; the live one if not said.")
def separate_command(number: str, reason: str, code: str | None) -> None:
    """Undo a joining: give a report a case of its own, and ask its banks under it."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            done = Door.of(installation).separate(centre, number, reason, this_user())
        except (CannotSeparate, UnknownReport, ValueError, Problem) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"taken out of case {done.old.no}; its own case is {done.new.no}")


@command.command("withdraw")
@click.argument("number")
@click.option("--side", required=True, help="Who wants it back, as the scheme lists them: victim, agent.")
@click.option("--centre", "code", help="The report's centre; the live one if not said.")
def withdraw_command(number: str, side: str, code: str | None) -> None:
    """Note that the reporter's side wants a report back: a person verifies that before anything is let go."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            withdrawal_id = Door.of(installation).withdraw(centre, number, side, this_user())
        except (UnknownReport, EventRefused, Problem) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"withdrawal {withdrawal_id}: to be verified")


@command.command("decide-withdrawal")
@click.argument("number")
@click.option("--approve/--refuse", "approved", required=True)
@click.option("--centre", "code", help="The report's centre; the live one if not said.")
def decide_withdrawal_command(number: str, code: str | None, *, approved: bool) -> None:
    """Decide about a verified withdrawal; never by the person who verified it."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            file = Door.of(installation).decide_withdrawal(centre, number, this_user(), approved=approved)
        except (UnknownReport, EventRefused, Problem) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{'approved' if approved else 'refused'}, case {file.no}")


def _submit(door: Door, source: Source, files: tuple[Path, ...], profile: str) -> int:
    """Submit every document; return how many must be mended."""
    taken = known = refused = 0
    for place, raw in _documents(files):
        key = f"file:{hashlib.sha256(raw).hexdigest()}"
        try:
            answer = door.submit(Submission(source=source, key=key, raw=raw, profile=profile))
        except Problem as problem:
            refused += 1
            click.echo(f"{place}: {problem.title()} {problem}", err=True)
            for fault in problem.errors:
                click.echo(f"  {fault['pointer'] or '/'}: {fault['detail']}", err=True)
            continue
        told = json.loads(answer.body)
        known += answer.replayed
        taken += not answer.replayed
        number = told["case"]["no"] if told["case"] else "not understood yet"
        click.echo(f"{place}: {'known' if answer.replayed else 'accepted'}, case {number}, {len(told['flags'])} flags")
    click.echo(f"{taken} accepted, {known} known already, {refused} to mend")
    return refused


def _documents(files: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    for path in files:
        raw = path.read_bytes()
        if path.suffix != ".jsonl":
            yield str(path), raw
            continue
        for number, line in enumerate(raw.splitlines(), 1):
            if line.strip():
                yield f"{path}:{number}", line
