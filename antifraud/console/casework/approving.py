"""One decision of a second person as its card tells it: what will happen, and what happens if nobody decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from antifraud.auth.people import Person, UnknownLogin, person_named
from antifraud.cases import definitions
from antifraud.cases.decisions import Behind, behind
from antifraud.cases.dossier import AccountLabel, ApprovalRow, Dossier, ProcedureView
from antifraud.console.casework import wording
from antifraud.console.casework.moving import told
from antifraud.console.frame import shown, words
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.work import Work
from workflows.clocks import derive
from workflows.engine.chasing import EXTEND
from workflows.engine.migrating import MIGRATE
from workflows.migrating import Plan, plan
from workflows.scheme import Definition
from workflows.state import Approval, Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A waiting decision; `bars` says why this person may not decide, and is empty where they may."""

    approval: Approval
    row: ApprovalRow | None
    hold: Hold
    label: AccountLabel | None
    sentence: str
    otherwise: str
    changes: tuple[tuple[str, str, str], ...]
    papers: tuple[str, ...]
    missing_papers: int
    reason: str
    asked_by: str
    behind: Behind | None
    bars: str
    needs_tail: bool
    is_measure: bool
    definition: Definition


def card_of(work: Work, dossier: Dossier, approval: Approval, person: Person) -> Card:
    """Return the card of a waiting decision for a person."""
    procedure = next(one for one in dossier.procedures if approval.id in one.state.approvals)
    hold = dossier.holds[approval.hold_id]
    label = dossier.label_of(hold)
    deadline = behind(approval, hold, procedure.state, procedure.definition)
    papers = [UUID(paper) for paper in approval.documents]
    move = _plan(work, approval, procedure)
    known = tuple(dossier.papers[paper] for paper in papers if paper in dossier.papers)
    return Card(
        approval=approval,
        row=next((row for row in dossier.approvals if row.id == approval.id), None),
        hold=hold,
        label=label,
        sentence=_sentence(work, approval, hold, label, procedure.definition) if move is None else _moves(move),
        otherwise=_otherwise(approval, hold, deadline),
        changes=tuple(_changes_of(work, dossier, approval, procedure, move)),
        papers=known,
        missing_papers=len(papers) - len(known),
        reason=wording.reason(approval.reason) if move is None else "",
        asked_by=wording.actor(approval.asked_by) if ":" in approval.asked_by else _("the procedure"),
        behind=deadline,
        bars=bars(work, approval, person),
        needs_tail=procedure.definition.role_of(approval.act) == "release",
        is_measure=approval.act not in {EXTEND, MIGRATE},
        definition=procedure.definition,
    )


def _plan(work: Work, approval: Approval, procedure: ProcedureView) -> Plan | None:
    """Return what a move to another version would change now; None where the decision is about no move."""
    if approval.act != MIGRATE or approval.reason is None:
        return None
    return plan(procedure.state, definitions.by_hash(work.connection, approval.reason))


def _moves(move: Plan) -> str:
    if move.obstacles:
        return _("It cannot be moved: the version does not know what is open or was answered.")
    waits = ngettext("%(num)d wait is counted anew", "%(num)d waits are counted anew", len(move.moved))
    return _(
        "The case goes on under %(version)s: %(waits)s, everything that has happened stays.",
        version=move.definition,
        waits=waits,
    )


def _changes_of(
    work: Work, dossier: Dossier, approval: Approval, procedure: ProcedureView, move: Plan | None
) -> Iterator[tuple[str, str, str]]:
    definition = procedure.definition
    if move is not None:
        yield _("Version"), definition.name, move.definition
        for wait in told(dossier, procedure.id, move).waits:
            yield " · ".join(part for part in (wait.what, wait.about) if part), wait.was, wait.now
    elif approval.act == EXTEND:
        depth = definition.chase_depth + procedure.state.chase_extra
        by = definition.extension.by if definition.extension is not None else 0
        yield _("Tiers that are followed"), str(depth), str(depth + by)
    else:
        yield from _changes(work, approval, dossier.holds[approval.hold_id], definition)


def bars(work: Work, approval: Approval, person: Person) -> str:
    """Return why somebody may not decide: it is their own proposal, also when another login of theirs made it."""
    if is_own(work, approval.asked_by, person):
        return _("You asked for this: another person decides.")
    if not person.may("measure.approve"):
        return _("A shift supervisor decides.")
    return ""


def is_own(work: Work, asked_by: str, person: Person) -> bool:
    """Tell whether a proposal comes from this human being."""
    if asked_by == person.actor:
        return True
    kind, _point, name = asked_by.partition(":")
    if kind != "user":
        return False
    try:
        return person_named(work.connection, name).person_id == person.person_id
    except UnknownLogin:
        return False


def _ends(work: Work, approval: Approval, definition: Definition) -> str:
    """Return until when the measure will last, if it is approved now."""
    role = definition.role_of(approval.act)
    if role not in {"freeze", "second_stop", "extend"}:
        return shown.NOTHING
    term = definition.term_of(frozen=role == "freeze")
    box = None if term is None else term.box
    if approval.ends_at is not None:
        return shown.instant(approval.ends_at)
    return shown.NOTHING if box is None else shown.instant(derive(box, work.now(), "").due_at)


def _sentence(work: Work, approval: Approval, hold: Hold, label: AccountLabel | None, definition: Definition) -> str:
    amount = shown.money(approval.amount_minor if approval.amount_minor is not None else hold.held_minor, hold.asset)
    said = {
        "bank": wording.institution(label),
        "account": label.number if label else shown.NOTHING,
        "amount": amount,
        "until": _ends(work, approval, definition),
        "number": hold.stop_seq + 1,
        "most": definition.terms_allowed or shown.NOTHING,
    }
    match approval.act if approval.act == EXTEND else definition.role_of(approval.act):
        case "extend_chase":
            said_so = _(
                "The money is followed deeper than the scheme does by itself, from account %(account)s on.", **said
            )
        case "freeze":
            said_so = _("%(bank)s is told to freeze %(amount)s on account %(account)s until %(until)s.", **said)
        case "release":
            said_so = _(
                "%(bank)s is told to release account %(account)s: %(amount)s can then be moved by its holder.", **said
            )
        case "second_stop":
            said_so = _(
                "%(bank)s is told to stop account %(account)s again, to about %(until)s: stop %(number)s of %(most)s.",
                **said,
            )
        case "extend":
            said_so = _("%(bank)s is told to keep account %(account)s stopped until about %(until)s.", **said)
        case "return":
            said_so = _("%(bank)s is told to return %(amount)s of account %(account)s to the victim.", **said)
        case _:
            what = wording.kind_of_request(definition, approval.act)
            said_so = _("%(bank)s is told about account %(account)s: %(what)s.", what=what, **said)
    return said_so


def _otherwise(approval: Approval, hold: Hold, deadline: Behind | None) -> str:
    if deadline is None:
        return _("If nobody decides, nothing changes.")
    at = shown.instant(deadline.at)
    amount = shown.money(hold.held_minor, hold.asset)
    match deadline.kind:
        case "stop_end":
            return _(
                "If nobody decides, the stop ends by itself at %(at)s and %(amount)s can leave.", at=at, amount=amount
            )
        case "freeze_end":
            return _(
                "If nobody decides, the freeze ends by itself at %(at)s and %(amount)s can leave.", at=at, amount=amount
            )
        case "task":
            return _("If nobody decides, the money stays stopped; the release is due by %(at)s.", at=at)
        case _:
            if approval.act in {EXTEND, MIGRATE}:
                return _("If nobody decides, the proposal expires at %(at)s and nothing changes.", at=at)
            what = words.word("request_kind", approval.act)
            return _("If nobody decides, the proposal expires at %(at)s: no %(what)s is sent.", at=at, what=what)


def _changes(work: Work, approval: Approval, hold: Hold, definition: Definition) -> Iterator[tuple[str, str, str]]:
    becomes = {"freeze": "frozen", "release": "released", "second_stop": "stopped", "return": "returned"}
    role = definition.role_of(approval.act)
    state = becomes.get(role, hold.state)
    yield _("State"), str(words.word("hold", hold.state)), str(words.word("hold", state))
    held = shown.money(hold.held_minor, hold.asset)
    after = {"release": shown.money(0, hold.asset), "return": shown.money(0, hold.asset)}.get(role)
    asked = shown.money(approval.amount_minor, hold.asset) if approval.amount_minor is not None else held
    yield _("Amount held"), held, after or asked
    yield _("Ends"), shown.instant(hold.ends_at), _ends(work, approval, definition)
    most = definition.terms_allowed
    if role in {"second_stop", "extend"} and most is not None:
        yield (
            _("Stops used"),
            _("%(number)s of %(most)s", number=hold.stop_seq, most=most),
            _("%(number)s of %(most)s", number=min(hold.stop_seq + 1, most), most=most),
        )
