"""``antifraud clock``: the one clock of a running system, where it is controlled."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from antifraud.cli.surroundings import read_settings
from antifraud.foundation.clock import ClockError, ControlledClock

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@click.group()
def command() -> None:
    """Show or move the clock of the whole system (needs ANTIFRAUD_CLOCK=controlled)."""


@command.command()
def show() -> None:
    """Say what time it is for the system."""
    settings = read_settings()
    clock = settings.build_clock()
    rate = f", at rate {clock.rate():g}" if isinstance(clock, ControlledClock) else ""
    click.echo(f"{_written(clock.now())} ({settings.clock}{rate})")


@command.command("set")
@click.argument("instant")
def set_(instant: str) -> None:
    """Move the clock forward to INSTANT, for example 2026-11-24T08:00:00Z."""
    try:
        at = datetime.fromisoformat(instant)
    except ValueError as error:
        message = f"'{instant}' is not an instant like 2026-11-24T08:00:00Z"
        raise click.BadParameter(message) from error
    _change(lambda clock: clock.set(at))


@command.command()
@click.argument("duration")
def advance(duration: str) -> None:
    """Move the clock forward by DURATION, for example 90s, 30m, 48h or 1d12h."""
    by = parse_duration(duration)
    _change(lambda clock: clock.advance(by))


@command.command()
@click.argument("factor", type=float)
def rate(factor: float) -> None:
    """Let FACTOR seconds pass in each real second; 0 stops the clock, 1 is usual."""
    _change(lambda clock: clock.run_at(factor))


def parse_duration(text: str) -> timedelta:
    """Return the duration written like ``1d12h30m5s``.

    Raises:
        click.BadParameter: It is written otherwise.
    """
    if not re.fullmatch(r"(\d+d)?(\d+h)?(\d+m)?(\d+s)?", text, re.ASCII) or not text:
        message = f"'{text}' is not a duration like 90s, 30m, 48h or 1d12h"
        raise click.BadParameter(message)
    parts = re.findall(r"(\d+)([dhms])", text)
    try:
        return timedelta(**{_UNITS[unit]: int(number) for number, unit in parts})
    except OverflowError as error:
        message = f"'{text}' is too long"
        raise click.BadParameter(message) from error


def _change(change: Callable[[ControlledClock], datetime]) -> None:
    clock = read_settings().build_clock()
    if not isinstance(clock, ControlledClock):
        message = "the clock is the machine's; start the service with ANTIFRAUD_CLOCK=controlled to move it"
        raise click.ClickException(message)
    try:
        click.echo(f"it is now {_written(change(clock))}, at rate {clock.rate():g}")
    except (ClockError, OverflowError) as error:
        raise click.ClickException(str(error)) from error


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
