"""``antifraud deadline``: where a due instant comes from."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import click

from antifraud.auth.service import Centre
from antifraud.cases.derivations import Explanation, explain
from antifraud.cases.recounting import Moved, outdated, recount
from antifraud.cases.sheet import sheet
from antifraud.cli.opened import chosen, open_installation, this_user
from antifraud.installation import Installation
from antifraud.verification.standing import spoken
from workflows.clocks import explain as in_words
from workflows.clocks import zone_of
from workflows.codec import derivation_from_json

DOES_NOT_AGREE = 1


@click.group()
def command() -> None:
    """Look at the waits: every due instant is a row with its derivation."""


@command.command("explain")
@click.argument("deadline_id", metavar="ID", type=click.UUID)
def explain_command(deadline_id: UUID) -> None:
    """Say how the due instant of deadline ID came about, and compute it again; exit code 1 if it does not agree."""
    with open_installation() as installation:
        for centre in chosen(installation, None):
            with installation.database.begin(centre.id) as connection:
                found = explain(connection, deadline_id)
            if found is not None:
                click.echo("\n".join(page(found, centre, installation.clock.now())))
                if not found.agrees:
                    raise SystemExit(DOES_NOT_AGREE)
                return
    message = f"there is no deadline {deadline_id}"
    raise click.ClickException(message)


@command.command("show")
@click.argument("deadline_id", metavar="ID", type=click.UUID)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="The sheet's language.")
def show_command(deadline_id: UUID, lang: str) -> None:
    """Print all that the due instant of deadline ID came from: enough to compute it again. Exit code 1 if it differs.

    The console shows the same lines at /cases/NUMBER/deadlines/ID.
    """
    with open_installation() as installation:
        for centre in chosen(installation, None):
            with installation.database.begin(centre.id) as connection:
                found = explain(connection, deadline_id)
            if found is not None:
                click.echo(
                    "\n".join(f"{label}: {value}" for label, value in sheet(found, centre.zone, zh=lang == "zh"))
                )
                if not found.agrees:
                    raise SystemExit(DOES_NOT_AGREE)
                return
    message = f"there is no deadline {deadline_id}"
    raise click.ClickException(message)


@command.command("recount")
@click.option("--centre", "code", help="Only this centre.")
@click.option("--dry-run", is_flag=True, help="Only say what would move.")
def recount_command(code: str | None, *, dry_run: bool) -> None:
    """Count the open waits again with the calendars and zone data of this program, and say what moved.

    For after an update of either. Elapsed times and waits that are over never move;
    what moves is recorded with how it was counted before and after.
    """
    moved = 0
    with open_installation() as installation:
        for centre in chosen(installation, code):
            with installation.database.begin(centre.id) as connection:
                found = outdated(connection)
            if not dry_run:
                found = [
                    one
                    for case_id in dict.fromkeys(one.case_id for one in found)
                    for one in _recounted(installation, centre, case_id)
                ]
            moved += len(found)
            for one in found:
                click.echo("\n".join(_moved(one, centre)))
    click.echo(f"{moved} {'would move' if dry_run else 'moved'}")


def _recounted(installation: Installation, centre: Centre, case_id: UUID) -> list[Moved]:
    with installation.database.begin(centre.id) as connection:
        return recount(installation.work(connection, centre.id, this_user()), installation.mail(centre), case_id)


def _moved(one: Moved, centre: Centre) -> list[str]:
    zone = zone_of(centre.zone)
    was, now = (found.due_at.astimezone(zone).isoformat(" ", "minutes") for found in (one.was, one.now))
    return [
        f"{one.case_no} ({centre.code}) {one.kind} {one.deadline_id}",
        f"  was {was}: {in_words(one.was)}",
        f"  now {now}: {in_words(one.now)}",
    ]


def page(found: Explanation, centre: Centre, now: datetime) -> list[str]:
    """Return the explanation's lines."""
    derivation = found.derivation
    zone_data = f", zone data {derivation['tzdata']}" if derivation["tzdata"] else ""
    lines = [
        f"deadline   {found.id}",
        f"case       {found.case_no} ({centre.code})",
        f"due        {_utc(found.due_at)}",
        f"           {found.due_at.astimezone(zone_of(centre.zone)).isoformat(' ')} {centre.zone}",
        f"waits      {found.kind}, step {found.step}, of {found.subject_kind} {found.subject_id}",
        f"definition {derivation['definition']}",
        f"rule       {derivation['rule']}",
        f"start      {derivation['start_event']} at {derivation['started_at']}",
        f"length     {derivation['length']}, {derivation['calendar']} time, {derivation['zone']}{zone_data}",
        f"in words   {in_words(derivation_from_json(derivation))}",
        f"source     {derivation['source']}",
        f"confidence {found.confidence or 'not said'}",
        f"state      {_state(found, now)}",
    ]
    if found.agrees:
        lines.append(f"recomputed {_utc(found.recomputed_at)}: it agrees")
    else:
        lines.append(f"recomputed {_utc(found.recomputed_at)} (zone data {found.tzdata}): it does NOT agree")
    return lines


def _state(found: Explanation, now: datetime) -> str:
    if found.state == "running":
        left = spoken(found.due_at - now)
        return f"running, due in {left}" if found.due_at > now else f"running, overdue by {left}"
    ended = f"{found.state} at {_utc(found.ended_at)}" if found.ended_at else found.state
    late = f", late by {spoken(timedelta(seconds=found.late_by_seconds))}" if found.late_by_seconds else ""
    return ended + late + (", caught up after an outage" if found.caught_up else "")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
