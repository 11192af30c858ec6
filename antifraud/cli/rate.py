"""``antifraud rate``: rates by which reports in other assets than the centre's are valued."""

import click

from antifraud.cases.valuing import Quote, rates_of, record_rate
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.foundation.problems import Problem
from antifraud.foundation.times import parse_time

CENTRE = click.option("--centre", "code", help="The centre; the live one if not said.")


@click.group()
def command() -> None:
    """Write down what one asset is worth in another, for reports accepted from then on.

    Assets are never added. One figure for several needs a rate for each, with
    its source and instant, known when the report was accepted; a later rate
    moves no earlier figure.
    """


@command.command("add")
@click.argument("asset")
@click.argument("price")
@click.option("--into", help="The asset of the price; the centre's own if not said.")
@click.option("--source", required=True, help="Who gave the rate, as a report will cite it.")
@click.option("--at", "instant", required=True, help="When it was given, as 2026-11-24T09:15:00+08:00.")
@CENTRE
def add(asset: str, price: str, into: str | None, source: str, instant: str, code: str | None) -> None:
    """Record that one ASSET is worth PRICE, a decimal, in the centre's asset."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            at = parse_time(instant).earliest
            quote = Quote(asset=asset, into=into or centre.currency, price=price, source=source, at=at)
            with installation.database.begin(centre.id) as connection:
                rate = record_rate(installation.work(connection, centre.id, this_user()), quote)
        except Problem as problem:
            raise click.ClickException(str(problem)) from problem
    click.echo(f"{rate.asset}: {rate.numerator}/{rate.denominator} minor units of {rate.into} a minor unit")


@command.command("list")
@CENTRE
def listed(code: str | None) -> None:
    """List the rates, the latest first."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            found = rates_of(installation.work(connection, centre.id, this_user()))
    for rate in found:
        click.echo(
            f"{rate.at:%Y-%m-%d %H:%M:%S} UTC  {rate.asset} into {rate.into}  "
            f"{rate.numerator}/{rate.denominator}  {rate.source}"
        )
