"""``antifraud report``: hand in reports from files on this machine."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import click

from antifraud.auth.service import source_by_code
from antifraud.cli.surroundings import choose_centre, open_installation
from antifraud.foundation.problems import NotAuthenticated, Problem
from antifraud.intake.door import Door
from antifraud.intake.profiles import PROFILES
from antifraud.intake.service import Submission


@click.group()
def command() -> None:
    """Hand in fraud reports."""


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
    installation = open_installation()
    centre = choose_centre(installation, code)
    try:
        source = source_by_code(installation.database, centre.id, source_code)
    except NotAuthenticated as error:
        raise click.ClickException(str(error)) from error
    centres = {found.id: found for found in installation.centres()}
    door = Door(
        database=installation.database,
        clock=installation.clock,
        vault=installation.vault,
        mails={found.id: installation.mail(found) for found in centres.values()},
        centres=centres,
    )
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
    if refused:
        raise SystemExit(1)


def _documents(files: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    for path in files:
        raw = path.read_bytes()
        if path.suffix != ".jsonl":
            yield str(path), raw
            continue
        for number, line in enumerate(raw.splitlines(), 1):
            if line.strip():
                yield f"{path}:{number}", line
