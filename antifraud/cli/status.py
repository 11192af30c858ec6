"""``antifraud status``: what lives, what waits, what is late."""

import sys
import time
from datetime import datetime

import click

from antifraud.auth.service import Centre
from antifraud.cli.opened import chosen, open_installation
from antifraud.verification.standing import CaseLine, Order, Standing, look, spoken
from antifraud.watching.alarms import AUDITOR
from workflows.clocks import zone_of

SECONDS = 1.0


@click.command()
@click.option("--centre", "code", help="Only this centre.")
@click.option("--follow", is_flag=True, help="Look again each second, until Ctrl-C.")
def command(code: str | None, *, follow: bool) -> None:
    """Show processes, overdue deadlines, waiting messages and replies, open tasks, and the latest cases."""
    with open_installation() as installation:
        try:
            while True:
                lines = [
                    line for centre in chosen(installation, code) for line in page(centre, look(installation, centre))
                ]
                if follow and sys.stdout.isatty():
                    click.clear()
                click.echo("\n".join(lines))
                if not follow:
                    return
                time.sleep(SECONDS)
        except KeyboardInterrupt:
            click.echo()


def page(centre: Centre, standing: Standing) -> list[str]:
    """Return one centre's lines."""
    now = standing.now
    clock = f"  (clock {standing.clock})" if standing.clock else ""
    lines = [f"{centre.name} ({centre.code})  {_local(now, centre)}{clock}"]
    lines.append(f"  scheme       {standing.scheme}")
    lines.append("  processes    " + (", ".join(f"{p.name} {p.pid}" for p in standing.processes) or "none is alive"))
    lines.append(f"  auditor      {_audit(standing)}")
    late = (
        f"{standing.overdue}, the oldest for {spoken(now - standing.overdue_since)}" if standing.overdue_since else "0"
    )
    lines.append(f"  overdue      {late}")
    waiting = ", ".join(
        f"{found.institution} {found.count} (oldest {spoken(now - found.since)})" for found in standing.outbox
    )
    lines.append(f"  to be sent   {sum(found.count for found in standing.outbox)}{'  ' + waiting if waiting else ''}")
    lines.append(f"  stored only  {standing.not_understood} reports, {standing.replies_waiting} replies")
    tasks = ", ".join(
        f"{found.kind} {found.count}" + (f" ({found.overdue} overdue)" if found.overdue else "")
        for found in standing.tasks
    )
    lines.append(f"  open tasks   {sum(found.count for found in standing.tasks)}{'  ' + tasks if tasks else ''}")
    lines.append(f"  open cases   {standing.cases_open}")
    for case in standing.cases:
        lines.extend(_case(case, centre, now))
    return lines


def _audit(standing: Standing) -> str:
    """Return what the auditor's books say, and whether the dead-man's switch outside was reached."""
    audit, now = standing.audit, standing.now
    if audit is None or audit.looked_at is None:
        return "nobody ever counted what should have fired against what did"
    said = f"{audit.did} of {audit.should} deadlines fired that should have"
    if audit.oldest_due_at is not None:
        said += f", {audit.difference} did not, the oldest for {spoken(now - audit.oldest_due_at)}"
    said += f"; {audit.late} late; counted {spoken(now - audit.looked_at)} ago"
    for process in standing.processes:
        switch = process.loops.get("deadman") if process.name == AUDITOR else None
        if switch and switch["is_set"]:
            said += f"; dead-man's switch {switch['last']}"
    return said


def _case(case: CaseLine, centre: Centre, now: datetime) -> list[str]:
    state = "" if case.is_open else "  closed"
    return [f"  {case.no}  {_local(case.opened_at, centre)}{state}"] + [f"    {_order(o, now)}" for o in case.orders]


def _order(order: Order, now: datetime) -> str:
    said = f"{order.stage} {order.outcome}" if order.outcome else order.stage
    line = f"{order.kind:<12} {order.label:<24} {said:<22} {order.hold_state:<14}"
    if order.due_at is None:
        return line.rstrip()
    left = spoken(order.due_at - now)
    return f"{line} {order.waits_for} " + (f"in {left}" if order.due_at > now else f"late by {left}")


def _local(at: datetime, centre: Centre) -> str:
    return f"{at.astimezone(zone_of(centre.zone)):%Y-%m-%d %H:%M:%S}"
