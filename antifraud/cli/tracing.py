"""``antifraud case trace``: whose money lies in a mixed account, and how what is held would be divided."""

import json
from collections.abc import Iterator
from functools import partial
from uuid import UUID

import click

from antifraud.auth.service import Centre
from antifraud.cases import acts
from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.tracing import AccountTracing, account_of, propose, trace_account
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.foundation.db import retrying
from antifraud.foundation.money import to_major
from antifraud.foundation.problems import Problem
from antifraud.installation import Installation
from workflows.money import METHODS, Method

WORDS: dict[Method, str] = {
    "fifo": "first-in-first-out: what came first left first",
    "lifo": "last-in-first-out: what came last left first",
    "pro_rata": "pro rata: each payment out took from all that lay there in proportion",
}


@click.command("trace")
@click.argument("number")
@click.option("--account", required=True, type=click.UUID, help="The account, or a hold on it.")
@click.option("--method", required=True, type=click.Choice(METHODS), help="The presumption; a person chooses it.")
@click.option("--propose", "is_taken", is_flag=True, help="Note the proposal in the case's log. No hold changes by it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--centre", "code", help="The centre; the live one if not said.")
def trace(
    number: str,
    account: UUID,
    method: str,
    is_taken: bool,  # noqa: FBT001 - a flag of click
    as_json: bool,  # noqa: FBT001 - a flag of click
    code: str | None,
) -> None:
    """Trace the money of an account over all cases, and propose how what is held there is divided.

    A tracing is a presumption, and a proposal is no decision: the law, or a
    court, says what applies.
    """
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            found = retrying(partial(_once, installation, centre, number, account, method, is_taken=is_taken))
        except (CaseNotFound, Problem) as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps([one.to_document() for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        for line in lines_of(one):
            click.echo(line)
    if is_taken:
        click.echo("noted in the case's log; nothing else changed")


def _once(
    installation: Installation, centre: Centre, number: str, account: UUID, method: str, *, is_taken: bool
) -> list[AccountTracing]:
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, this_user())
        case_id = acts.case_id_of(work, number)
        account = account_of(work, case_id, account)
        if is_taken:
            return propose(work, installation.mail(centre), case_id, account, method)
        return trace_account(work, account, method)


def lines_of(one: AccountTracing) -> Iterator[str]:
    """Yield a tracing for the terminal."""

    def much(minor: int) -> str:
        return f"{to_major(minor, one.asset)} {one.asset}"

    yield f"account {one.account_id}  {WORDS[one.method]}"
    for payment in one.came:
        at = f"{payment.earliest_at:%Y-%m-%d %H:%M:%S} UTC"
        yield (
            f"  in   {at}  {payment.id}  case {payment.case_no}  {much(payment.amount_minor)}, "
            f"left {much(one.tracing.left[payment.id])}"
        )
    for payment in one.went:
        at = f"{payment.latest_at:%Y-%m-%d %H:%M:%S} UTC"
        doubt = "  (order not certain)" if payment.id in one.tracing.uncertain else ""
        yield f"  out  {at}  {payment.id}  {payment.way}  {much(payment.amount_minor)}{doubt}"
        for source, part in one.tracing.taken[payment.id].items():
            yield f"         from {source}  {much(part)}"
        if payment.id in one.tracing.unfunded:
            yield f"         from money that nobody told of  {much(one.tracing.unfunded[payment.id])}"
    for key in one.incomplete:
        yield f"  left out: {key} has no amount or no instant"
    yield f"  held over all cases  {much(one.held_minor)}"
    if one.unexplained_minor:
        yield f"  left unseen  {much(one.unexplained_minor)} (taken by the same presumption)"
    yield "proposal, not a decision:"
    for number, share in one.by_case().items():
        yield f"  case {number}  {much(share)}"
    if one.unallocated:
        yield f"  nobody  {much(one.unallocated)}"
    yield f"inputs {one.inputs_hash}"
