"""One act of a person: the form read, each fault told beside its field, the act done, or refused."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from antifraud.cases import acts
from antifraud.cases.dossier import Dossier
from antifraud.cases.messages import Mail
from antifraud.cases.objections import decide_appeal, receive_appeal
from antifraud.console.casework import amending, wording
from antifraud.console.casework.form import LONGEST_REFERENCE, Act, Form, NotPossible
from antifraud.console.frame import shown
from antifraud.console.frame.texts import gettext as _
from antifraud.work import Work
from workflows import EventRefused
from workflows.state import Approval


def read_act(verb: str, form: Form, dossier: Dossier, work: Work) -> Act | None:
    """Return the act that a form asks for; None where the form has errors, which it then holds.

    Raises:
        KeyError: There is no such verb.
        NotPossible: The form names nothing of this case.
    """
    act = _READERS[verb](form, dossier, work)
    return None if form.errors else act


def do(work: Work, mail: Mail, dossier: Dossier, act: Act) -> None:
    """Do an act in a case that this transaction has locked before it read the dossier.

    Raises:
        NotPossible: The engine refuses it as the case stands now, or nothing came of it: somebody was first.
        InvalidValue: What was given cannot be used.
    """
    try:
        file = act(work, mail, dossier.id)
    except (EventRefused, LookupError) as refused:
        raise NotPossible from refused
    if file.row["last_seq"] == dossier.last_seq:
        raise NotPossible


def _confirm(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject, note = form.subject(), form.text("note")
    if len(note) > LONGEST_REFERENCE:
        form.errors["note"] = _("at most 200 characters")
    return lambda work, mail, case_id: acts.confirm_claim(work, mail, case_id, subject, note or None)


def _extend(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.extend_chase(work, mail, case_id, subject)


def _drop(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    reason = form.choice("drop_reason", wording.DROP_REASONS, _("choose why"))
    return lambda work, mail, case_id: acts.drop_claim(work, mail, case_id, subject, reason)


def _resolve(form: Form, _dossier: Dossier, work: Work) -> Act:
    subject = form.subject()
    named, typed = amending.named_account(form, work)
    return lambda work, mail, case_id: acts.resolve_lead(work, mail, case_id, subject, institution=named, account=typed)


def _complete(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.complete_task(work, mail, case_id, subject)


def _remind(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.remind(work, mail, case_id, subject)


def _hand_over(form: Form, dossier: Dossier, work: Work) -> Act:
    subject = form.subject()
    channel = form.choice("channel", ("telephone", "paper"), _("choose telephone or paper"))
    at = form.instant("at") or work.now()
    request = dossier.requests.get(subject)
    if at > work.now():
        form.errors["at"] = _("this lies in the future: say when it was handed over")
    elif request is not None and at < request.created_at:
        form.errors["at"] = _("this is before the request was made: say when it was handed over")
    return lambda work, mail, case_id: acts.hand_over(work, mail, case_id, subject, channel=channel, at=at)


def _measure(form: Form, dossier: Dossier, work: Work) -> Act:
    subject, kind = form.subject(), form.text("measure")
    hold = dossier.holds.get(subject)
    if hold is None:
        raise NotPossible
    amount = form.minor("amount", hold.asset)
    ends_at = form.instant("ends_at")
    if ends_at is not None and ends_at <= work.now():
        form.errors["ends_at"] = _("this lies in the past: say until when")
    documents = form.references("documents")
    reason = form.choice("ask_reason", wording.ASK_REASONS, _("choose why: the second person reads it"))
    definition = dossier.definition_of(subject)
    if definition is not None and definition.role_of(kind) == "release" and not documents:
        form.errors.setdefault("documents", _("a release needs evidence: name at least one paper"))
    rules = definition.requests.get(kind) if definition is not None else None
    missing = [code for code in (rules.documents if rules else ()) if not form.values.get(f"paper-{code}")]
    if missing:
        form.errors["papers"] = _("this needs every paper of the list: say which are there, and name them below")
    papers = rules.documents if rules else ()
    measure = acts.Measure(
        kind=kind, amount_minor=amount, ends_at=ends_at, documents=documents, reason=reason, papers=papers
    )
    return lambda work, mail, case_id: acts.ask_measure(work, mail, case_id, subject, measure)


def _settle(form: Form, dossier: Dossier, work: Work) -> Act:
    subject = form.subject()
    request = dossier.requests.get(subject)
    definition = None if request is None else dossier.definition_of(request.hold_id)
    if request is None or definition is None:
        raise NotPossible
    outcomes = {code: one for code, one in definition.outcomes.items() if one.conclusive and request.kind in one.hold}
    code = form.choice("outcome", tuple(outcomes), _("choose what holds"))
    held = form.minor("held", request.asset)
    if not form.text("held") and code in outcomes and outcomes[code].amount != "none":
        form.errors["held"] = _("say how much is held; 0 if nothing is")
    executed_at = form.instant("executed_at")
    if executed_at is not None and executed_at > work.now():
        form.errors["executed_at"] = _("this lies in the future: say when the bank carried it out")
    settlement = acts.Settlement(outcome=code, held_minor=held, executed_at=executed_at)
    return lambda work, mail, case_id: acts.settle_answers(work, mail, case_id, subject, settlement)


def _file(form: Form, _dossier: Dossier, _work: Work) -> Act:
    document = form.document()
    return lambda work, mail, case_id: acts.file_case(work, mail, case_id, document)


def _decline(form: Form, _dossier: Dossier, _work: Work) -> Act:
    document = form.document()
    return lambda work, mail, case_id: acts.file_case(work, mail, case_id, document, declined=True)


def _papers(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject, document = form.subject(), form.document()
    return lambda work, mail, case_id: acts.hand_in_papers(work, mail, case_id, subject, document)


def _appeal(form: Form, _dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    side = form.text("objector") or None
    return lambda work, mail, case_id: receive_appeal(work, mail, case_id, subject, side=side)


def _decide(form: Form, dossier: Dossier, _work: Work) -> Act:
    subject = form.subject()
    upheld = form.choice("upheld", ("yes", "no"), _("choose: upheld or dismissed")) == "yes"
    hold = next((one for one in dossier.holds.values() if one.appeal_id == subject), None)
    keep = form.minor("keep", hold.asset) if hold is not None else None
    if hold is not None and keep is not None:
        if not upheld:
            form.errors["keep"] = _("leave this empty: a dismissed objection lets nothing go")
        elif not 0 < keep < hold.held_minor:
            held = shown.money(hold.held_minor, hold.asset)
            form.errors["keep"] = _("more than nothing and less than the %(held)s that are held", held=held)
    return lambda work, mail, case_id: decide_appeal(work, mail, case_id, subject, upheld=upheld, keep_minor=keep)


_READERS: Final[Mapping[str, Callable[[Form, Dossier, Work], Act]]] = {
    "confirm": _confirm,
    "extend": _extend,
    "drop": _drop,
    "resolve": _resolve,
    "complete": _complete,
    "remind": _remind,
    "hand_over": _hand_over,
    "measure": _measure,
    "settle": _settle,
    "file": _file,
    "decline": _decline,
    "papers": _papers,
    "appeal": _appeal,
    "decide": _decide,
    **amending.READERS,
}
VERBS: Final = frozenset(_READERS) | amending.BY_DOOR
"""Everything that a person may do in a case beside deciding as the second person."""
_PERMISSIONS: Final[Mapping[str, str]] = {
    "measure": "measure.ask",
    "extend": "measure.ask",
    "decide_release": "measure.approve",
    "decide_withdrawal": "measure.approve",
}


def permission(verb: str, form: Form) -> str:
    """Return what a person must be allowed for an act, beside acting in cases at all."""
    if verb == "confirm" and form.text("note"):
        return "measure.approve"  # whole, though many people's money lies there
    return _PERMISSIONS.get(verb, "case.act")


def _is_release(dossier: Dossier, approval: Approval) -> bool:
    definition = dossier.definition_of(approval.hold_id)
    return definition is not None and definition.role_of(approval.act) == "release"


def read_decision(form: Form, dossier: Dossier, approval_id: UUID) -> Act | None:
    """Return the decision of a second person; a release wants the last four of its account typed.

    Raises:
        NotPossible: Nothing of that id waits in this case.
    """
    approval = dossier.waiting.get(approval_id)
    if approval is None:
        raise NotPossible
    decision = form.choice("decision", ("approve", "refuse"), _("approve or refuse"))
    if decision == "approve":
        label = dossier.label_of(dossier.holds[approval.hold_id])
        if _is_release(dossier, approval) and (label is None or form.text("tail") != label.tail):
            form.errors["tail"] = _("these are not the last four of this account")
        return None if form.errors else lambda work, mail, case_id: acts.approve(work, mail, case_id, approval_id)
    reason = form.choice("refuse_reason", wording.REFUSE_REASONS, _("choose why: who asked reads it"))
    if form.errors:
        return None
    return lambda work, mail, case_id: acts.refuse(work, mail, case_id, approval_id, reason)
