"""One act of a person: the form read, each fault told beside its field, the act done, or refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from antifraud.banks.numbers import read_number
from antifraud.banks.queries import by_name
from antifraud.cases import acts
from antifraud.cases.casefile import CaseFile
from antifraud.cases.dossier import Dossier
from antifraud.cases.messages import Mail
from antifraud.console.casework import wording
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.money import from_major
from antifraud.foundation.problems import InvalidValue, Problem
from antifraud.foundation.times import parse_time
from antifraud.work import Work
from workflows import EventRefused
from workflows.state import Approval

LONGEST_REFERENCE: Final = 200
MOST_PAPERS: Final = 10


class NotPossible(Exception):
    """The act cannot be done any more: the case has changed, or it was done already."""


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it by the name of the field."""

    values: Mapping[str, str]
    zone: str
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field without blanks around it."""
        return self.values.get(name, "").strip()

    def subject(self) -> UUID:
        """Return what the act is about.

        Raises:
            NotPossible: The form names nothing: it was made by hand.
        """
        try:
            return UUID(self.text("subject"))
        except ValueError:
            raise NotPossible from None

    def choice(self, name: str, among: tuple[str, ...], fault: str) -> str:
        """Return one of the choices."""
        chosen = self.text(name)
        if chosen not in among:
            self.errors[name] = fault
        return chosen

    def instant(self, name: str) -> datetime | None:
        """Return an instant typed as the browser's field writes it, in the centre's zone; None where it is empty."""
        typed = self.text(name)
        if not typed:
            return None
        try:
            return parse_time({"local": typed, "zone": self.zone}).earliest
        except Problem:
            self.errors[name] = _("write a day and a time, for example 2026-11-24 22:41:07")
            return None

    def references(self, name: str) -> tuple[str, ...]:
        """Return references of papers, one a line."""
        lines = [line.strip() for line in self.values.get(name, "").splitlines() if line.strip()]
        if len(lines) > MOST_PAPERS or any(len(line) > LONGEST_REFERENCE for line in lines):
            self.errors[name] = _("at most 10 references, one a line, each at most 200 characters")
        return tuple(lines)


_Act = Callable[[Work, Mail, UUID], CaseFile]


def read_act(verb: str, form: Form, dossier: Dossier, work: Work) -> _Act | None:
    """Return the act that a form asks for; None where the form has errors, which it then holds.

    Raises:
        KeyError: There is no such verb.
        NotPossible: The form names nothing of this case.
    """
    act = _READERS[verb](form, dossier, work)
    return None if form.errors else act


def do(work: Work, mail: Mail, dossier: Dossier, act: _Act) -> None:
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


def _confirm(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject, note = form.subject(), form.text("note")
    if len(note) > LONGEST_REFERENCE:
        form.errors["note"] = _("at most 200 characters")
    return lambda work, mail, case_id: acts.confirm_claim(work, mail, case_id, subject, note or None)


def _extend(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.extend_chase(work, mail, case_id, subject)


def _drop(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject = form.subject()
    reason = form.choice("drop_reason", wording.DROP_REASONS, _("choose why"))
    return lambda work, mail, case_id: acts.drop_claim(work, mail, case_id, subject, reason)


def _resolve(form: Form, _dossier: Dossier, work: Work) -> _Act:
    subject, named, typed = form.subject(), form.text("institution"), form.text("account")
    if not named or named not in by_name(work.connection, [named]):
        form.errors["institution"] = _("the directory has no such bank: choose one of the list, by code or full name")
    if read_number(typed).number is None:
        form.errors["account"] = _("not a whole account number: write every digit, for example 6217 0001 2345 6789 012")
    return lambda work, mail, case_id: acts.resolve_lead(work, mail, case_id, subject, institution=named, account=typed)


def _complete(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.complete_task(work, mail, case_id, subject)


def _remind(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.remind(work, mail, case_id, subject)


def _hand_over(form: Form, dossier: Dossier, work: Work) -> _Act:
    subject = form.subject()
    channel = form.choice("channel", ("telephone", "paper"), _("choose telephone or paper"))
    at = form.instant("at") or work.now()
    request = dossier.requests.get(subject)
    if at > work.now():
        form.errors["at"] = _("this lies in the future: say when it was handed over")
    elif request is not None and at < request.created_at:
        form.errors["at"] = _("this is before the request was made: say when it was handed over")
    return lambda work, mail, case_id: acts.hand_over(work, mail, case_id, subject, channel=channel, at=at)


def _measure(form: Form, dossier: Dossier, work: Work) -> _Act:
    subject, kind = form.subject(), form.text("measure")
    hold = dossier.holds.get(subject)
    if hold is None:
        raise NotPossible
    amount = None
    if form.text("amount"):
        try:
            amount = from_major(form.text("amount"), hold.asset)
        except InvalidValue:
            form.errors["amount"] = _("not an amount: write digits, for example 42,000.00")
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


def _settle(form: Form, dossier: Dossier, work: Work) -> _Act:
    subject = form.subject()
    request = dossier.requests.get(subject)
    definition = None if request is None else dossier.definition_of(request.hold_id)
    if request is None or definition is None:
        raise NotPossible
    outcomes = {code: one for code, one in definition.outcomes.items() if one.conclusive and request.kind in one.hold}
    code = form.choice("outcome", tuple(outcomes), _("choose what holds"))
    held = None
    if form.text("held"):
        try:
            held = from_major(form.text("held"), request.asset)
        except InvalidValue:
            form.errors["held"] = _("not an amount: write digits, for example 42,000.00")
    elif code in outcomes and outcomes[code].amount != "none":
        form.errors["held"] = _("say how much is held; 0 if nothing is")
    executed_at = form.instant("executed_at")
    if executed_at is not None and executed_at > work.now():
        form.errors["executed_at"] = _("this lies in the future: say when the bank carried it out")
    settlement = acts.Settlement(outcome=code, held_minor=held, executed_at=executed_at)
    return lambda work, mail, case_id: acts.settle_answers(work, mail, case_id, subject, settlement)


def _document(form: Form) -> str:
    document = form.text("document")
    if not 1 <= len(document) <= LONGEST_REFERENCE:
        form.errors["document"] = _("name the paper by its number, for example 云公立字〔2026〕1024号")
    return document


def _file(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    document = _document(form)
    return lambda work, mail, case_id: acts.file_case(work, mail, case_id, document)


def _decline(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    document = _document(form)
    return lambda work, mail, case_id: acts.file_case(work, mail, case_id, document, declined=True)


def _papers(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject, document = form.subject(), _document(form)
    return lambda work, mail, case_id: acts.hand_in_papers(work, mail, case_id, subject, document)


def _appeal(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject = form.subject()
    return lambda work, mail, case_id: acts.receive_appeal(work, mail, case_id, subject)


def _decide(form: Form, _dossier: Dossier, _work: Work) -> _Act:
    subject = form.subject()
    upheld = form.choice("upheld", ("yes", "no"), _("choose: upheld or dismissed"))
    return lambda work, mail, case_id: acts.decide_appeal(work, mail, case_id, subject, upheld=upheld == "yes")


_READERS: Final[Mapping[str, Callable[[Form, Dossier, Work], _Act]]] = {
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
}
VERBS: Final = frozenset(_READERS)
"""Everything that a person may do in a case beside deciding as the second person."""


def _is_release(dossier: Dossier, approval: Approval) -> bool:
    definition = dossier.definition_of(approval.hold_id)
    return definition is not None and definition.role_of(approval.act) == "release"


def read_decision(form: Form, dossier: Dossier, approval_id: UUID) -> _Act | None:
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
