"""``antifraud verify``: is what is stored what happened?"""

import json
from dataclasses import asdict
from typing import Any

import click

from antifraud.auth.service import Centre
from antifraud.cli.opened import chosen, open_installation
from antifraud.installation import Installation
from antifraud.verification.findings import Outcome
from antifraud.verification.service import verify

FOUND_A_DIFFERENCE = 1


@click.command()
@click.option("--centre", "code", help="Only this centre; otherwise every one, each by itself.")
@click.option("--json", "as_json", is_flag=True, help="Write every outcome as JSON.")
def command(code: str | None, *, as_json: bool) -> None:
    """Recompute chain, tree, replay, figures and invariants; exit code 1 and the first difference if one is wrong."""
    is_green = True
    documents = {}
    with open_installation() as installation:
        for centre in chosen(installation, code):
            outcomes = _told(installation, centre, quiet=as_json)
            documents[centre.code] = [asdict(outcome) for outcome in outcomes]
            is_green &= not any(not found.is_warning for outcome in outcomes for found in outcome.differences)
    if as_json:
        click.echo(json.dumps({"green": is_green, "centres": documents}, ensure_ascii=False, indent=1))
    if not is_green:
        raise SystemExit(FOUND_A_DIFFERENCE)


def _told(installation: Installation, centre: Centre, *, quiet: bool) -> list[Outcome]:
    outcomes = []
    say: Any = (lambda _: None) if quiet else click.echo
    say(f"{centre.name} ({centre.code})")
    for outcome in verify(installation, centre):
        outcomes.append(outcome)
        wrong = [found for found in outcome.differences if not found.is_warning]
        mark = "!!" if wrong else "ok"
        say(f"  {mark} {outcome.check:<12} {outcome.looked_at:>9}  {outcome.sentence}")
        for found in outcome.differences:
            if found.is_warning:
                say(f"     note: {found}")
    wrong = [found for outcome in outcomes for found in outcome.differences if not found.is_warning]
    if wrong:
        say(f"  {len(wrong)} differences, the first: {wrong[0]}")
    else:
        say("  all of it is what happened")
    return outcomes
