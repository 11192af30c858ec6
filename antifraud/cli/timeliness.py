"""``antifraud timeliness``: the week's figures, and their publication."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from antifraud.auth.service import Centre
from antifraud.cli.opened import chosen, open_installation, this_user
from antifraud.foundation.json import canonical, instant_text
from antifraud.foundation.problems import Problem
from antifraud.timeliness import service, terminal
from antifraud.timeliness.weeks import Week
from antifraud.work import Work


@click.group()
def command() -> None:
    """Show the timeliness figures of a week, or publish them."""


@command.command()
@click.argument("week", required=False)
@click.option("--centre", "code", help="Code of the centre; the live one if not given.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON for programs.")
@click.option("--items", "measure", help="List what was counted for one measure, for example answer_timeliness.")
def week(week: str | None, code: str | None, measure: str | None, *, as_json: bool) -> None:
    """Compute WEEK (like 2026-W47; this week if not given) from the facts, and say whether it is published."""
    with _centre_and_work(code) as (centre, work):
        asked = _week(week, centre, work)
        live = service.live_figures(work, centre, asked)
        standing = service.latest(work, asked.name)
        changed = standing is not None and service.is_changed(standing, live)
    publication: dict[str, Any] | None = None
    if standing is not None:
        publication = {**standing.publication(), "facts_give_other_figures_now": changed}
    if measure is not None:
        _list_items(live, measure)
        return
    if as_json:
        click.echo(canonical({"status": "live", "publication": publication, **live.document}).decode())
        return
    for line in terminal.lines({**live.document, "cut_off_at": instant_text(live.inputs.cut_off_at)}, asked):
        click.echo(line)
    if standing is None:
        click.echo("not published" if asked.end <= live.inputs.cut_off_at else "not published: the week is not over")
        return
    click.echo(f"published: {_edition(standing)}" + (f", restated: {standing.reason}" if standing.reason else ""))
    if changed:
        click.echo("the facts give other figures now: what was published stands until it is restated")


@command.command()
@click.argument("week")
@click.option("--centre", "code", help="Code of the centre; the live one if not given.")
@click.option("--restate", "reason", help="Write a further edition; the reason is printed beside the figures.")
def publish(week: str, code: str | None, reason: str | None) -> None:
    """Publish WEEK once, for good; exit code 1 if it cannot be published now."""
    with _centre_and_work(code) as (centre, work):
        try:
            done = service.publish(work, centre, _week(week, centre, work), restated_for=reason)
        except service.NotPublishable as error:
            raise click.ClickException(str(error)) from error
    if done.is_new:
        click.echo(f"published {week}: {_edition(done.snapshot)}")
    else:
        click.echo(f"{week} was published already and stays as it is: {_edition(done.snapshot)}")


@contextmanager
def _centre_and_work(code: str | None) -> Iterator[tuple[Centre, Work]]:
    """One transaction of the centre as the user of the machine; it commits at the end."""
    with open_installation() as installation:
        centre, *_ = chosen(installation, code)
        with installation.database.begin(centre.id) as connection:
            yield centre, installation.work(connection, centre.id, this_user())


def _week(text: str | None, centre: Centre, work: Work) -> Week:
    if text is None:
        return Week.of(work.now(), centre.zone)
    try:
        return Week.parse(text, centre.zone)
    except Problem as error:
        raise click.BadParameter(error.detail) from error


def _edition(snapshot: service.Snapshot) -> str:
    at = instant_text(snapshot.published_at)
    return f"edition {snapshot.edition}, {at}, by {snapshot.published_by}, inputs {snapshot.inputs_hash.hex()[:12]}"


def _list_items(live: service.WeekFigures, measure: str) -> None:
    figure = next((figure for figure in live.figures if figure.measure.id == measure), None)
    if figure is None:
        message = f"there is no measure {measure!r}; known: {', '.join(f.measure.id for f in live.figures)}"
        raise click.BadParameter(message)
    for item in figure.items:
        click.echo(f"{item.subject_id}  {item.counted:<10}  {' '.join(str(fact) for fact in item.facts)}")
