"""``antifraud case``: look at a case and act in it from the machine itself, as `cli:<os user>`."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

import click

from antifraud.auth.service import Centre
from antifraud.cases import acts
from antifraud.cases.casefile import CaseFile, CaseNotFound
from antifraud.cases.keeping import meet_condition, pause_answer, resume_answer
from antifraud.cases.messages import Mail
from antifraud.cases.objections import decide_appeal, receive_appeal
from antifraud.cases.taking_back import Correction, correct_account, decide_release, verify_withdrawal
from antifraud.cases.views import CaseView, case_view
from antifraud.cli import tracing
from antifraud.cli.opened import choose_centre, open_installation, this_user
from antifraud.foundation.db import retrying
from antifraud.foundation.problems import Problem
from antifraud.foundation.times import parse_time
from antifraud.installation import Installation
from antifraud.work import Work
from workflows import EventRefused

CENTRE = click.option("--centre", "code", help="The centre; the live one if not said.")


@click.group()
def command() -> None:
    """Show a case, and do in it what a person must do.

    Ids are those that `antifraud case show` prints. Whoever approves must be
    another operating-system user than who asked.
    """


command.add_command(tracing.trace)


@command.command("show")
@click.argument("number")
@CENTRE
def show(number: str, code: str | None) -> None:
    """Show holds, requests, open tasks and waiting approvals of a case; accounts by their tails only."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, this_user())
            try:
                view = case_view(work, acts.case_id_of(work, number))
            except CaseNotFound as error:
                raise click.ClickException(str(error)) from error
    for line in _lines(view):
        click.echo(line)


@command.command("file")
@click.argument("number")
@click.option("--document", required=True, help="Reference of the decision to file (立案决定书文号).")
@click.option("--declined", is_flag=True, help="The authority declined: every stop must be released.")
@CENTRE
def file(number: str, document: str, code: str | None, *, declined: bool) -> None:
    """Record that the authority filed the case (立案), or declined to."""
    _do(code, number, lambda w, m, c: acts.file_case(w, m, c, document, declined=declined))


@command.command("ask")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.argument("kind")
@click.option("--amount", type=click.IntRange(1), help="Minor units; what is held if not said.")
@click.option("--until", help="End of the term, as 2027-05-24T00:00:00+08:00.")
@click.option("--document", "documents", multiple=True, help="Reference of a paper that carries the measure.")
@click.option("--paper", "papers", multiple=True, help="Code of a paper that the definition asks for and is there.")
@click.option("--reason", help="A code such as unrelated_payment, for whoever approves; it goes to the log.")
@CENTRE
def ask(  # noqa: PLR0913, PLR0917 - one parameter an option
    number: str,
    hold: UUID,
    kind: str,
    amount: int | None,
    until: str | None,
    documents: tuple[str, ...],
    papers: tuple[str, ...],
    reason: str | None,
    code: str | None,
) -> None:
    """Ask for a further measure on a hold: second_stop, extend, freeze, release or return."""
    measure = acts.Measure(
        kind=kind, amount_minor=amount, ends_at=_instant(until), documents=documents, reason=reason, papers=papers
    )
    _do(code, number, lambda w, m, c: acts.ask_measure(w, m, c, hold, measure))


@command.command("approve")
@click.argument("number")
@click.argument("approval", type=click.UUID)
@CENTRE
def approve(number: str, approval: UUID, code: str | None) -> None:
    """Approve exactly what was asked; never one's own proposal."""
    _do(code, number, lambda w, m, c: acts.approve(w, m, c, approval))


@command.command("refuse")
@click.argument("number")
@click.argument("approval", type=click.UUID)
@click.option("--reason", required=True, help="A code such as amount_too_high; it goes to the log.")
@CENTRE
def refuse(number: str, approval: UUID, reason: str, code: str | None) -> None:
    """Refuse what was asked."""
    _do(code, number, lambda w, m, c: acts.refuse(w, m, c, approval, reason))


@command.command("confirm")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.option("--note", help="Why an account of many people is stopped whole all the same; kept with the case.")
@CENTRE
def confirm(number: str, hold: UUID, note: str | None, code: str | None) -> None:
    """Confirm an account that was in doubt: its order leaves now."""
    _do(code, number, lambda w, m, c: acts.confirm_claim(w, m, c, hold, note))


@command.command("extend")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@CENTRE
def extend(number: str, hold: UUID, code: str | None) -> None:
    """Ask to follow the money deeper than the scheme does by itself, because of a hold that waits there."""
    _do(code, number, lambda w, m, c: acts.extend_chase(w, m, c, hold))


@command.command("drop")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.option("--reason", required=True, help="A code such as wrong_account; it goes to the log.")
@CENTRE
def drop(number: str, hold: UUID, reason: str, code: str | None) -> None:
    """Drop a claim that was wrong, before anything was sent."""
    _do(code, number, lambda w, m, c: acts.drop_claim(w, m, c, hold, reason))


@command.command("resolve")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.option("--institution", required=True, help="Code or full name in the directory.")
@click.option("--account", required=True, help="The account number.")
@CENTRE
def resolve(number: str, hold: UUID, institution: str, account: str, code: str | None) -> None:
    """Say which account a lead is: its order leaves now."""
    _do(code, number, lambda w, m, c: acts.resolve_lead(w, m, c, hold, institution=institution, account=account))


@command.command("done")
@click.argument("number")
@click.argument("task", type=click.UUID)
@CENTRE
def done(number: str, task: UUID, code: str | None) -> None:
    """Say that a task is done."""
    _do(code, number, lambda w, m, c: acts.complete_task(w, m, c, task))


@command.command("settle")
@click.argument("number")
@click.argument("request", type=click.UUID)
@click.argument("outcome")
@click.option("--held", type=click.IntRange(0), help="Minor units that are held.")
@click.option("--at", help="When the institution carried it out, as 2026-11-24T22:41:00+08:00.")
@CENTRE
def settle(number: str, request: UUID, outcome: str, held: int | None, at: str | None, code: str | None) -> None:
    """Decide what an institution's contradictory answers amount to, for example: full."""
    settlement = acts.Settlement(outcome=outcome, held_minor=held, executed_at=_instant(at))
    _do(code, number, lambda w, m, c: acts.settle_answers(w, m, c, request, settlement))


@command.command("remind")
@click.argument("number")
@click.argument("request", type=click.UUID)
@CENTRE
def remind(number: str, request: UUID, code: str | None) -> None:
    """Remind the institution of a request that it has and did not answer."""
    _do(code, number, lambda w, m, c: acts.remind(w, m, c, request))


@command.command("hand-over")
@click.argument("number")
@click.argument("request", type=click.UUID)
@click.option("--by", "channel", type=click.Choice(["telephone", "paper"]), required=True)
@click.option("--at", help="When, as 2026-11-24T22:41:07+08:00; now if not said.")
@CENTRE
def hand_over(number: str, request: UUID, channel: str, at: str | None, code: str | None) -> None:
    """Log that a person handed a request over: it counts as delivered at that instant."""
    when = _instant(at)
    _do(code, number, lambda w, m, c: acts.hand_over(w, m, c, request, channel=channel, at=when or w.now()))


@command.command("papers")
@click.argument("number")
@click.argument("request", type=click.UUID)
@click.option("--document", required=True, help="Reference of the paper.")
@CENTRE
def hand_in(number: str, request: UUID, document: str, code: str | None) -> None:
    """Hand in the paper that was to follow a request."""
    _do(code, number, lambda w, m, c: acts.hand_in_papers(w, m, c, request, document))


@command.command("condition")
@click.argument("number")
@click.argument("condition")
@click.option("--document", required=True, help="Reference of the paper that meets it.")
@click.option("--hold", type=click.UUID, help="The hold that it keeps; every hold of the case if not said.")
@click.option("--at", help="When it came about, if not now.")
@CENTRE
def condition(number: str, condition: str, document: str, hold: UUID | None, at: str | None, code: str | None) -> None:
    """Record what a condition of the definition needs, such as the victim's complaint."""
    when = _instant(at)
    _do(code, number, lambda w, m, c: meet_condition(w, m, c, condition, document, hold_id=hold, met_at=when))


@command.command("pause")
@click.argument("number")
@click.argument("request", type=click.UUID)
@click.option("--reason", required=True, help="A code; it goes to the log.")
@CENTRE
def pause(number: str, request: UUID, reason: str, code: str | None) -> None:
    """Stop the answer clock of a request, where the definition allows it."""
    _do(code, number, lambda w, m, c: pause_answer(w, m, c, request, reason))


@command.command("resume")
@click.argument("number")
@click.argument("request", type=click.UUID)
@CENTRE
def resume(number: str, request: UUID, code: str | None) -> None:
    """Let a stopped answer clock run again."""
    _do(code, number, lambda w, m, c: resume_answer(w, m, c, request))


@command.command("appeal")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.option("--side", help="Who objected, as the scheme lists them; the holder if not said.")
@CENTRE
def appeal(number: str, hold: UUID, side: str | None, code: str | None) -> None:
    """Record that the account's holder objected."""
    _do(code, number, lambda w, m, c: receive_appeal(w, m, c, hold, side=side))


@command.command("decide-appeal")
@click.argument("number")
@click.argument("appeal_id", type=click.UUID)
@click.option("--upheld/--dismissed", required=True)
@click.option("--keep", type=click.IntRange(1), help="Minor units that stay held, where the scheme releases a part.")
@CENTRE
def decide(number: str, appeal_id: UUID, keep: int | None, code: str | None, *, upheld: bool) -> None:
    """Decide an objection; an upheld one releases the hold, or all but what is kept."""
    _do(code, number, lambda w, m, c: decide_appeal(w, m, c, appeal_id, upheld=upheld, keep_minor=keep))


@command.command("correct")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.option("--institution", required=True, help="Code or full name of the right institution in the directory.")
@click.option("--account", required=True, help="The right account number.")
@click.option("--reason", default="wrong_account", show_default=True, help="A code; it goes to the log.")
@CENTRE
def correct(number: str, hold: UUID, institution: str, account: str, reason: str, code: str | None) -> None:
    """Put the right account in the place of a wrong one of ours: one release, one new request."""
    correction = Correction(institution=institution, account=account, reason=reason)
    _do(code, number, lambda w, m, c: correct_account(w, m, c, hold, correction))


@command.command("verify-withdrawal")
@click.argument("number")
@click.argument("withdrawal", type=click.UUID)
@CENTRE
def verify(number: str, withdrawal: UUID, code: str | None) -> None:
    """Say that the reporter's side was spoken with and wants the report back; another person decides."""
    _do(code, number, lambda w, m, c: verify_withdrawal(w, m, c, withdrawal))


@command.command("decide-release")
@click.argument("number")
@click.argument("hold", type=click.UUID)
@click.option("--go/--keep", required=True, help="Let the release go out, or keep the money for the other cases.")
@CENTRE
def release(number: str, hold: UUID, code: str | None, *, go: bool) -> None:
    """Decide about a release that was held back because other cases claim money on its account."""
    _do(code, number, lambda w, m, c: decide_release(w, m, c, hold, go=go))


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text).earliest
    except Problem as problem:
        raise click.ClickException(str(problem)) from problem


def _do(code: str | None, number: str, act: Callable[[Work, Mail, UUID], CaseFile]) -> None:
    """Do one act in one transaction, and show the case as it stands then."""
    with open_installation() as installation:
        centre = choose_centre(installation, code)
        try:
            view = retrying(partial(_once, installation, centre, number, act))
        except (EventRefused, LookupError, Problem) as error:
            raise click.ClickException(str(error)) from error
    for line in _lines(view):
        click.echo(line)


def _once(
    installation: Installation, centre: Centre, number: str, act: Callable[[Work, Mail, UUID], CaseFile]
) -> CaseView:
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, this_user())
        case_id = acts.case_id_of(work, number)
        act(work, installation.mail(centre), case_id)
        return case_view(work, case_id)


def _lines(view: CaseView) -> list[str]:
    lines = [f"case {view.no}  opened {view.opened_at:%Y-%m-%d %H:%M:%S} UTC  {view.phase}"]
    for hold in view.holds:
        amount = "?" if hold.traced_minor is None else str(hold.traced_minor)
        ends = f", ends {hold.ends_at:%Y-%m-%d %H:%M:%S} UTC" if hold.ends_at else ""
        lines.append(
            f"  hold {hold.id}  tier {hold.tier}  {hold.label}  {hold.state}  "
            f"held {hold.held_minor} of {amount} {hold.asset} minor units{ends}"
        )
        lines += [
            f"    {request.kind} {request.id}  {request.stage}{f', {request.outcome}' if request.outcome else ''}"
            for request in view.requests
            if request.hold_id == hold.id
        ]
    lines += [
        f"  approval {approval.id}  {approval.act} of hold {approval.hold_id}, asked by {approval.asked_by}"
        for approval in view.approvals
    ]
    lines += [
        f"  wait {clock.id}  {clock.kind} of {clock.subject_kind}  due {clock.due_at:%Y-%m-%d %H:%M:%S} UTC"
        for clock in sorted(view.clocks, key=lambda clock: clock.due_at)
        if clock.kind != "task"
    ]
    lines += [
        f"  task {task.id}  {task.kind}  due {task.due_at:%Y-%m-%d %H:%M:%S} UTC"
        f"{f'  ({task.reason})' if task.reason else ''}"
        for task in sorted(view.tasks, key=lambda task: task.due_at)
    ]
    return lines
