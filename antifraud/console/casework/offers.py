"""What is offered to do in a case: the most urgent four acts first, everything else that is possible below them.

An act is told as a verb with its object. Every act of `cases.acts` that the
case allows just now stands here once, so that nothing can only be done from
the command line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from antifraud.auth.people import Person
from antifraud.cases.dossier import Dossier, TaskRow
from antifraud.cases.possible import Possible
from antifraud.console.casework import amending, wording
from antifraud.console.casework.offer import Offer
from antifraud.console.frame import shown, words
from antifraud.console.frame.texts import gettext as _
from workflows.scheme_rules import Objection
from workflows.state import Hold, Request

MOST_URGENT: Final = 4
_KEYS: Final = {"remind": "R", "measure:freeze": "F", "measure:release": "U", "hand_over": "T", "file": "M"}
_BY_TASK: Final = {
    "confirm_account": ("confirm",),
    "extend_chase": ("extend", "confirm"),
    "resolve_lead": ("resolve",),
    "deliver_by_hand": ("hand_over",),
    "call_contact_a": ("remind", "hand_over"),
    "call_contact_b": ("remind", "hand_over"),
    "call_head_office": ("remind", "hand_over"),
    "query_state": ("remind",),
    "file_and_freeze": ("measure:freeze", "file"),
    "renew_freeze": ("measure:extend",),
    "release_hold": ("measure:release",),
    "stop_again_or_freeze": ("measure:second_stop", "measure:freeze"),
    "ask_stop_again": ("measure:second_stop",),
    "count_exceeded": ("measure:freeze", "drop"),
    "decide_appeal": ("decide",),
    "settle_conflict": ("settle",),
    "hand_in_papers": ("papers",),
    "decide_objection": ("decide",),
    "verify_withdrawal": ("verify",),
    "decide_withdrawal": ("decide_withdrawal",),
    "decide_release": ("decide_release",),
}


def offers_of(
    dossier: Dossier, can: Possible, person: Person, beside: amending.Beside
) -> tuple[list[Offer], list[Offer]]:
    """Return the most urgent acts, at most four, and all the others; nothing for who may not act."""
    if not person.may("case.act"):
        return [], []
    every: dict[str, Offer] = {}
    for offer in _all(dossier, can, person, beside):
        wish = offer.wish + str(offer.subject_id)
        every[wish if wish not in every else offer.name + str(offer.subject_id)] = offer
    first: dict[str, Offer] = {}
    for due_at, task, request in _waits(dossier):
        name = _for_task(dossier, task, every) if task else f"remind{request.id}" if request else None
        if name is not None and name in every and name not in first:
            first[name] = _urgent(every[name], task) if task else replace(every[name], due_at=due_at)
    ranked = list(first.values())
    rest = [offer for name, offer in every.items() if name not in first]
    urgent, later = ranked[:MOST_URGENT], [*ranked[MOST_URGENT:], *rest]
    return _keyed(urgent, later)


def _waits(dossier: Dossier) -> list[tuple[datetime, TaskRow | None, Request | None]]:
    """Return what is due next: the open tasks, and the answers of institutions, of which they can be reminded."""
    due: list[tuple[datetime, TaskRow | None, Request | None]] = [
        (task.due_at, task, None) for task in dossier.tasks if task.state == "open"
    ]
    due += [
        (request.answer_due_at, None, request)
        for request in dossier.requests.values()
        if request.answer_due_at is not None and request.stage not in {"answered", "withdrawn"}
    ]
    return sorted(due, key=lambda one: one[0])


def _urgent(offer: Offer, task: TaskRow) -> Offer:
    why = "" if offer.verb == "decide_release" else wording.reason(task.reason)  # the offer itself says how many
    parts = dict.fromkeys((str(words.word("task", task.kind)), why, offer.detail))
    detail = " · ".join(part for part in parts if part)
    return replace(offer, detail=detail, due_at=task.due_at, opened_at=task.opened_at, task=task)


def _keyed(urgent: list[Offer], later: list[Offer]) -> tuple[list[Offer], list[Offer]]:
    """Give each key to the first act of its kind, and make the first act of all the primary one."""
    free = dict(_KEYS)
    keyed = [replace(offer, key=free.pop(offer.wish, None)) for offer in (*urgent, *later)]
    if urgent:
        keyed[0] = replace(keyed[0], is_primary=True)
    return keyed[: len(urgent)], keyed[len(urgent) :]


def _for_task(dossier: Dossier, task: TaskRow, every: dict[str, Offer]) -> str | None:
    """Return the act that a task asks for, if it is possible now: of its hold, its request, its objection or itself."""
    subjects = [task.subject_id]
    hold = dossier.holds.get(task.subject_id)
    if task.subject_kind == "request" and task.subject_id in dossier.requests:
        subjects.append(dossier.requests[task.subject_id].hold_id)
    if hold is not None and hold.appeal_id is not None:
        subjects.append(hold.appeal_id)
    for name in (*_BY_TASK.get(task.kind, ()), *amending.by_task(dossier, task), "complete"):
        own: Iterable[UUID | None] = [task.id] if name == "complete" else [*subjects, None]
        for subject in own:
            if name + str(subject) in every:
                return name + str(subject)
    return None


def _all(dossier: Dossier, can: Possible, person: Person, beside: amending.Beside) -> Iterator[Offer]:
    for request in sorted(dossier.requests.values(), key=lambda one: one.created_at, reverse=True):
        yield from _of_request(dossier, can, request)
        yield from amending.of_request(dossier, can, request)
    for hold in sorted(dossier.holds.values(), key=lambda one: (one.tier, one.since)):
        yield from _of_hold(dossier, can, hold, person)
        yield from amending.of_hold(dossier, can, hold, person, beside)
        if person.may("measure.ask"):
            yield from (_measure(dossier, hold, measure) for measure in can.measures.get(hold.id, ()))
    yield from _of_case(dossier, can)
    yield from amending.of_case(dossier, can, person, beside)


def _of_request(dossier: Dossier, can: Possible, request: Request) -> Iterator[Offer]:
    label = dossier.label_of(dossier.holds[request.hold_id])
    account = wording.account(label)
    definition = dossier.definition_of(request.hold_id)
    kind = wording.kind_of_request(definition, request.kind)
    if request.id in can.remind:
        title = _("Remind: %(bank)s", bank=wording.institution(label))
        yield Offer(verb="remind", subject_id=request.id, title=title, detail=kind)
    if request.id in can.settle:
        title = _("Decide what the answers amount to: %(account)s", account=account)
        yield Offer(
            verb="settle",
            subject_id=request.id,
            title=title,
            detail=_("the bank's answers contradict each other"),
            fields=("outcome", "held", "executed_at"),
            choices=tuple((code, wording.outcome(definition, code)) for code in can.settle[request.id]),
        )
    if request.id in can.hand_over:
        title = _("Handed over by telephone or paper: %(account)s", account=account)
        yield Offer(verb="hand_over", subject_id=request.id, title=title, detail=kind, fields=("channel", "at"))
    if request.id in can.papers:
        title = _("Hand in papers: %(kind)s, %(account)s", kind=kind, account=account)
        yield Offer(verb="papers", subject_id=request.id, title=title, fields=("document",))


def _of_hold(dossier: Dossier, can: Possible, hold: Hold, person: Person) -> Iterator[Offer]:
    account = wording.account(dossier.label_of(hold))
    if hold.id in can.confirm:
        title = _("Confirm and send: %(account)s", account=account)
        fields = ("note",) if hold.id in can.override else ()
        detail = shown.money(hold.traced_minor, hold.asset)
        if not fields or person.may("measure.approve"):
            yield Offer(verb="confirm", subject_id=hold.id, title=title, detail=detail, fields=fields)
    if hold.id in can.extend and person.may("measure.ask"):
        title = _("Follow the money deeper: %(account)s", account=account)
        yield Offer(verb="extend", subject_id=hold.id, title=title, detail=shown.money(hold.traced_minor, hold.asset))
    if hold.id in can.resolve:
        title = _("Name the account: %(account)s", account=account)
        yield Offer(verb="resolve", subject_id=hold.id, title=title, fields=("institution", "account"))
    if hold.id in can.appeal:
        right = _objection(dossier, hold.id)
        sides = tuple((side, str(words.word("side", side))) for side in (right.who if right else ()))
        fields = ("objector",) if len(sides) > 1 else ()
        title = _("The holder objects: %(account)s", account=account)
        yield Offer(verb="appeal", subject_id=hold.id, title=title, fields=fields, choices=sides)
    if hold.id in can.drop:
        title = _("Drop the claim: %(account)s", account=account)
        yield Offer(verb="drop", subject_id=hold.id, title=title, fields=("drop_reason",))


def _measure(dossier: Dossier, hold: Hold, measure: str) -> Offer:
    account = wording.account(dossier.label_of(hold))
    definition = dossier.definition_of(hold.id)
    rules = None if definition is None else definition.requests[measure]
    return Offer(
        verb="measure",
        measure=measure,
        subject_id=hold.id,
        title=_("%(measure)s: %(account)s", measure=wording.measure(measure, definition), account=account),
        detail=_("a second person decides") if rules is None or rules.approval == "before" else "",
        fields=_measure_fields(dossier, hold.id, measure),
        choices=() if rules is None else tuple((code, str(words.word("paper", code))) for code in rules.documents),
        role="" if rules is None else rules.role,
    )


def _of_case(dossier: Dossier, can: Possible) -> Iterator[Offer]:
    for appeal_id, hold_id in can.decide.items():
        account = wording.account(dossier.label_of(dossier.holds[hold_id]))
        title = _("Decide the objection: %(account)s", account=account)
        right = _objection(dossier, hold_id)
        fields = ("upheld", "keep") if right is not None and right.effect == "partial" else ("upheld",)
        yield Offer(verb="decide", subject_id=appeal_id, title=title, fields=fields)
    for task in dossier.tasks:
        if task.id in can.complete and task.state == "open":
            title = _("Done: %(task)s", task=words.word("task", task.kind))
            yield Offer(verb="complete", subject_id=task.id, title=title, detail=about_task(dossier, task))
    if can.file:
        yield Offer(verb="file", subject_id=None, title=_("The authority filed the case"), fields=("document",))
    if can.decline:
        title, detail = _("The authority declined to file"), _("every stop must then be released")
        yield Offer(verb="decline", subject_id=None, title=title, detail=detail, fields=("document",))


def _objection(dossier: Dossier, hold_id: UUID) -> Objection | None:
    definition = dossier.definition_of(hold_id)
    return None if definition is None else definition.objection


def _measure_fields(dossier: Dossier, hold_id: UUID, measure: str) -> tuple[str, ...]:
    definition = dossier.definition_of(hold_id)
    rules = None if definition is None else definition.requests[measure]
    fields = ["amount"] if rules is not None and rules.needs_amount else []
    if rules is not None and rules.role == "freeze":
        fields.append("ends_at")
    if rules is not None and rules.documents:
        fields.append("papers")
    return (*fields, "documents", "ask_reason")


def about_task(dossier: Dossier, task: TaskRow) -> str:
    """Return what a task is about: the account, and why it was opened."""
    hold = dossier.holds.get(task.subject_id)
    if hold is None and task.subject_id in dossier.requests:
        hold = dossier.holds.get(dossier.requests[task.subject_id].hold_id)
    parts = [wording.account(dossier.label_of(hold)) if hold else "", wording.reason(task.reason)]
    return " · ".join(part for part in parts if part)
