"""``antifraud demo``: published cases, moved to now, played in the drill centre over the real interfaces."""

import json
from dataclasses import asdict
from datetime import timedelta
from threading import Event

import click
import requests

from antifraud.cli.opened import choose_centre, open_installation
from antifraud.foundation.json import canonical
from antifraud.founding import DRILL, token_path
from antifraud.installation import Installation
from antifraud.intake.drill import AccountScript, DrillInstitution, completed
from antifraud.intake.profiles import published_cases
from antifraud.simulator.setup import INVENTED, admin_token

SECONDS_BETWEEN = 3.0
TIME_OUT_SECONDS = 20


@click.command()
@click.option("--cases", "count", type=click.IntRange(1), help="How many of the published cases; all if not said.")
@click.option(
    "--every",
    "seconds",
    type=click.FloatRange(0),
    default=SECONDS_BETWEEN,
    show_default=True,
    help="Seconds of the installation's clock between two reports.",
)
def command(count: int | None, seconds: float) -> None:
    """Report published cases to the running service, one after another, and let the simulated banks answer.

    The accounts are invented and lie at the simulated banks, which answer as
    the banks of each case did. Watch with `antifraud status --follow`.
    """
    with open_installation() as installation:
        choose_centre(installation, DRILL)
        _play(installation, count, seconds)


def _play(installation: Installation, count: int | None, seconds: float) -> None:
    settings, clock = installation.settings, installation.clock
    token = token_path(settings, DRILL, "110").read_text(encoding="ascii").strip()
    banks = [DrillInstitution(bank.code, bank.bins[0]) for bank in INVENTED]
    session = requests.Session()
    session.trust_env = False
    failed = 0
    for number, case in enumerate(published_cases()[:count], 1):
        played = completed(case, now=clock.now(), accounts=banks, play=clock.now().isoformat())
        _load(session, settings.simulator_url, admin_token(settings.home), played.scripts)
        answer = session.post(
            f"{settings.public_url}/api/v1/reports",
            data=canonical(played.document),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(played.document["source_ref"]),
            },
            timeout=TIME_OUT_SECONDS,
        )
        told = answer.json()
        if answer.ok:
            asked = ", ".join(sorted({request["institution"] for request in told["requests"]})) or "nobody yet"
            click.echo(f"{number:>3} {case['id']}: case {told['case']['no']}, asked {asked}")
        else:
            failed += 1
            click.echo(
                f"{number:>3} {case['id']}: {answer.status_code} {json.dumps(told, ensure_ascii=False)}", err=True
            )
        until = clock.now() + timedelta(seconds=seconds)
        while clock.now() < until:
            clock.wait(Event(), until, 1.0)
    if failed:
        raise click.ClickException(f"{failed} cases were not accepted")


def _load(session: requests.Session, url: str, token: str, scripts: tuple[AccountScript, ...]) -> None:
    """Tell the simulated banks what each account holds and how its bank answers."""
    for script in scripts:
        document = asdict(script)
        document["answer"] = document.pop("outcome")
        del document["assumed"]
        document["moves"] = [
            {"institution": move.to_institution, "number": move.to_number, "amount_minor": move.amount_minor}
            for move in script.moves
        ]
        session.post(
            f"{url}/admin/accounts",
            data=canonical(document),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=TIME_OUT_SECONDS,
        ).raise_for_status()
