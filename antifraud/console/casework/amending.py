"""Acts that take something back or keep it: a wrong account, a report, a release in doubt, conditions, answer limits.

What is offered, and how its form is read. Two of them go through the door for
reports, in a transaction of their own: a withdrawal needs what the report
told, and locks it in the order of the intake.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from antifraud.auth.people import Person
from antifraud.auth.service import Centre
from antifraud.banks.numbers import read_number
from antifraud.banks.queries import by_name
from antifraud.cases.accounts import cards_of
from antifraud.cases.dossier import Dossier, TaskRow
from antifraud.cases.keeping import meet_condition, pause_answer, resume_answer
from antifraud.cases.possible import Possible
from antifraud.cases.taking_back import Correction, correct_account, decide_release, verify_withdrawal
from antifraud.console.casework import wording
from antifraud.console.casework.form import Act, Form, NotPossible
from antifraud.console.casework.offer import Offer
from antifraud.console.frame import words
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.intake.door import Door
from antifraud.intake.queries import Reported
from antifraud.work import Work
from workflows.state import Hold, Request

BY_DOOR: Final = frozenset({"withdraw", "decide_withdrawal"})
"""Acts that the door for reports does."""
DoorAct = Callable[[Door, Centre, str], object]
_ASKED, _VERIFIED = "asked", "verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the offers need beside the case itself.

    `claims` is how many other cases claim an account, `own` the withdrawals that this person verified.
    """

    reports: Sequence[Reported] = ()
    claims: Mapping[UUID, int] = field(default_factory=dict)
    own: frozenset[UUID] = frozenset()


# -- what is offered


def of_request(dossier: Dossier, can: Possible, request: Request) -> Iterator[Offer]:
    """Offer to pause the answer limit of a request, or to let it run."""
    hold = dossier.holds[request.hold_id]
    bank, definition = wording.institution(dossier.label_of(hold)), dossier.definition_of(hold.id)
    kind = wording.kind_of_request(definition, request.kind)
    if request.id in can.pause:
        title = _("Pause the answer limit: %(bank)s", bank=bank)
        reasons = tuple((code, wording.outcome(definition, code)) for code in can.pause[request.id])
        yield Offer(
            verb="pause", subject_id=request.id, title=title, detail=kind, fields=("pause_reason",), choices=reasons
        )
    if request.id in can.resume:
        title = _("Let the answer limit run again: %(bank)s", bank=bank)
        yield Offer(verb="resume", subject_id=request.id, title=title, detail=kind)


def of_hold(dossier: Dossier, can: Possible, hold: Hold, person: Person, beside: Beside) -> Iterator[Offer]:
    """Offer what may be done about one account: its release, what keeps it, its number."""
    account = wording.account(dossier.label_of(hold))
    if hold.id in can.release and person.may("measure.approve"):
        count = beside.claims.get(hold.account_id, 0) if hold.account_id else 0
        title = _("Decide the release: %(account)s", account=account)
        yield Offer(verb="decide_release", subject_id=hold.id, title=title, detail=others_claim(count), fields=("go",))
    for code in can.conditions.get(hold.id, ()):
        title = _("Record: %(what)s, %(account)s", what=words.word("condition", code), account=account)
        yield Offer(
            verb="condition",
            measure=code,
            subject_id=hold.id,
            title=title,
            detail=_("keeps the hold"),
            fields=("document", "met_at", "which"),
        )
    if hold.id in can.correct:
        title = _("Correct the account: %(account)s", account=account)
        detail = _("the wrong one is let go, the right one is asked at once")
        yield Offer(verb="correct", subject_id=hold.id, title=title, detail=detail, fields=("institution", "account"))


def of_case(dossier: Dossier, can: Possible, person: Person, beside: Beside) -> Iterator[Offer]:
    """Offer what may be done about reports of the case, and with the case as a whole."""
    numbers = {report.id: report.no for report in beside.reports}
    for withdrawal in dossier.withdrawals.values():
        number, side = numbers.get(withdrawal.report_id, ""), str(words.word("side", withdrawal.side))
        if withdrawal.id in can.verify:
            title = _("Verified: report %(report)s is really withdrawn", report=number)
            detail = _("somebody spoke with: %(side)s", side=side)
            yield Offer(verb="verify", subject_id=withdrawal.id, title=title, detail=detail)
        if withdrawal.stage in {_ASKED, _VERIFIED} and person.may("measure.approve"):
            may_approve = withdrawal.id in can.withdrawals and withdrawal.id not in beside.own
            yes = (("yes", _("withdrawn: let go what nobody else claims")),) if may_approve else ()
            title = _("Decide the withdrawal of report %(report)s", report=number)
            yield Offer(
                verb="decide_withdrawal",
                subject_id=withdrawal.id,
                title=title,
                detail=side,
                fields=("approved",),
                choices=(*yes, ("no", _("not withdrawn: all stays as it is"))),
            )
    known = {one.report_id for one in dossier.withdrawals.values() if one.stage != "refused"}
    if can.sides:
        sides = tuple((side, str(words.word("side", side))) for side in can.sides)
        for report in beside.reports:
            if report.id not in known:
                title = _("Report %(report)s is wanted back", report=report.no)
                detail = _("nothing is let go before one person verified it and another decided")
                yield Offer(
                    verb="withdraw", subject_id=report.id, title=title, detail=detail, fields=("side",), choices=sides
                )
    if can.versions and person.may("scheme.move"):
        title = _("Move the case to another version of its scheme")
        detail = _("says first what will change; a second person decides")
        yield Offer(verb="move", subject_id=None, title=title, detail=detail, href=f"/cases/{dossier.no}/move")


def by_task(dossier: Dossier, task: TaskRow) -> Iterator[str]:
    """Return the names of the acts that a task about a condition asks for."""
    definition = dossier.definition_of(task.subject_id)
    for condition in definition.conditions.values() if definition is not None else ():
        if task.kind in {condition.task, condition.warning_task}:
            yield f"condition:{condition.code}"


def others_claim(count: int) -> str:
    """Return in words how many other cases claim an account."""
    if not count:
        return _("no other case claims this account any more")
    return ngettext("%(num)d other case claims this account", "%(num)d other cases claim this account", count)


# -- how the forms are read


def named_account(form: Form, work: Work) -> tuple[str, str]:
    """Return bank and number as they were typed, if they can be used."""
    named, typed = form.text("institution"), form.text("account")
    if not named or named not in by_name(work.connection, [named]):
        form.errors["institution"] = _("the directory has no such bank: choose one of the list, by code or full name")
    if read_number(typed).number is None:
        form.errors["account"] = _("not a whole account number: write every digit, for example 6217 0001 2345 6789 012")
    return named, typed


def _correct(form: Form, dossier: Dossier, work: Work) -> Act:
    subject = form.subject()
    hold = dossier.holds.get(subject)
    if hold is None or hold.account_id is None:
        raise NotPossible
    institution, account = named_account(form, work)
    card = cards_of(work, {hold.account_id}).get(hold.account_id)
    if card is not None and card.number == read_number(account).number and "institution" not in form.errors:
        form.errors["account"] = _("this is the account that stands there: write the right one")
    correction = Correction(institution=institution, account=account)
    return lambda work, mail, case_id: correct_account(work, mail, case_id, subject, correction)


def _decide_release(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    go = form.choice("go", ("yes", "no"), _("choose: release it, or keep it for the other cases")) == "yes"
    return lambda work, mail, case_id: decide_release(work, mail, case_id, subject, go=go)


def _verify(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    return lambda work, mail, case_id: verify_withdrawal(work, mail, case_id, subject)


def _condition(form: Form, dossier: Dossier, work: Work) -> Act:
    subject, code, document = form.subject(), form.text("measure"), form.document()
    definition = dossier.definition_of(subject)
    if definition is None or code not in definition.conditions:
        raise NotPossible
    at = form.instant("met_at")
    if at is not None and at > work.now():
        form.errors["met_at"] = _("this lies in the future: say when it came")
    which = form.choice("which", ("this", "all"), _("choose: this account, or every account of the case"))
    hold_id = subject if which == "this" else None
    return lambda work, mail, case_id: meet_condition(work, mail, case_id, code, document, hold_id=hold_id, met_at=at)


def _pause(form: Form, dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    request = dossier.requests.get(subject)
    definition = None if request is None else dossier.definition_of(request.hold_id)
    if request is None or definition is None:
        raise NotPossible
    reasons = definition.answer_clock(request.kind, request.urgency).pause_on
    reason = form.choice("pause_reason", tuple(reasons), _("choose why"))
    return lambda work, mail, case_id: pause_answer(work, mail, case_id, subject, reason)


def _resume(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    return lambda work, mail, case_id: resume_answer(work, mail, case_id, subject)


READERS: Final[Mapping[str, Callable[[Form, Dossier, Work], Act]]] = {
    "correct": _correct,
    "decide_release": _decide_release,
    "verify": _verify,
    "condition": _condition,
    "pause": _pause,
    "resume": _resume,
}


def read_door_act(
    verb: str, form: Form, dossier: Dossier, reports: Sequence[Reported], own: frozenset[UUID]
) -> DoorAct | None:
    """Return the act of a form that the door for reports does; None where the form has errors.

    Raises:
        NotPossible: The form names no report of this case, or nothing that waits.
    """
    numbers = {report.id: report.no for report in reports}
    subject = form.subject()
    if verb == "withdraw":
        known = {one.report_id for one in dossier.withdrawals.values() if one.stage != "refused"}
        if subject not in numbers or subject in known:
            raise NotPossible
        sides = tuple(side for one in dossier.procedures for side in one.definition.withdrawal_sides)
        side = form.choice("side", sides, _("choose who wants it back"))
        return None if form.errors else lambda door, centre, who: door.withdraw(centre, numbers[subject], side, who)
    withdrawal = dossier.withdrawals.get(subject)
    if withdrawal is None or withdrawal.stage not in {_ASKED, _VERIFIED} or withdrawal.report_id not in numbers:
        raise NotPossible
    number = numbers[withdrawal.report_id]
    approved = form.choice("approved", ("yes", "no"), _("choose: withdrawn, or not withdrawn")) == "yes"
    if approved and withdrawal.stage != _VERIFIED:
        raise NotPossible
    if approved and subject in own:
        form.errors["approved"] = _("You verified this: another person decides.")
    return (
        None
        if form.errors
        else lambda door, centre, who: door.decide_withdrawal(centre, number, who, approved=approved)
    )
