"""What the page of one case shows, part by part; every person and account in it is masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from antifraud.audit.queries import entries_of, entries_since, times_revealed
from antifraud.auth.people import Person, people_by_id
from antifraud.cases.dossier import AccountLabel, Dossier
from antifraud.cases.others import claiming
from antifraud.cases.possible import Possible, possible
from antifraud.cases.story import BANK_KINDS, PEOPLE, Line, clock_ids, lines_of
from antifraud.channel.queries import Came, replies_about
from antifraud.console.casework import amending, telling, wording
from antifraud.console.casework.approving import is_own
from antifraud.console.casework.chart import Chart, chart_of
from antifraud.console.casework.offer import Offer
from antifraud.console.casework.offers import offers_of
from antifraud.console.frame import words
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.deadlines.queries import waits_by_id
from antifraud.intake.queries import Reported, reports_of
from antifraud.outbox.messages import Sent, messages_about
from antifraud.work import Work
from workflows.scheme import Definition
from workflows.state import Approval, Hold, Request, Withdrawal

STORY: Final = ("all", "bank", "people")
ON_A_PAGE: Final = 40
MISSED: Final = 20
_STOPS: Final = frozenset({"stop", "second_stop"})
_OVER: Final = frozenset({"answered", "withdrawn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """One request as its table tells it."""

    number: int
    request: Request
    hold: Hold
    label: AccountLabel | None
    bank: str
    tier: str
    kind: str
    scheme: str
    state: str
    look: str
    took: timedelta | None
    is_open: bool
    use: str
    ends_at: datetime | None
    sent: tuple[Sent, ...]
    came: tuple[Came, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """One hold: what is claimed on which account, and until when.

    `scheme` is said where the case is under several, `lane` where the scheme has several. `void` says why the
    centre does not want it any more; `other` is then the right account, or of the right one the wrong account.
    """

    hold: Hold
    label: AccountLabel | None
    bank: str
    tier: str
    scheme: str
    lane: str
    void: str
    other: AccountLabel | None
    other_id: UUID | None
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One entry of the log and its words."""

    line: Line
    said: telling.Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A page of what happened, newest first; `older` is the place below which the next page begins."""

    lines: tuple[StoryLine, ...]
    which: str
    older: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """Everything that the page of a case shows."""

    dossier: Dossier
    chart: Chart
    headline: str
    summary: str
    look: str
    requests: tuple[RequestRow, ...]
    holds: tuple[HoldRow, ...]
    reports: Sequence[Reported]
    approvals: tuple[Approval, ...]
    withdrawals: tuple[Withdrawal, ...]
    verified_by_me: frozenset[UUID]
    numbers: Mapping[UUID, str]
    names: Mapping[UUID, str]
    can: Possible
    urgent: Sequence[Offer]
    later: Sequence[Offer]
    story: Story
    reveals: int


def view_of(work: Work, dossier: Dossier, person: Person, *, which: str = "all", below: int | None = None) -> CaseView:
    """Return the page of a case for a person, in a fixed number of statements."""
    connection = work.connection
    can = possible(dossier, person.actor, work.now())
    ids = list(dossier.requests)
    sent, came = messages_about(connection, ids), replies_about(connection, ids)
    rows = _requests(dossier, sent, came)
    reports = reports_of(connection, dossier.id)
    beside = beside_of(work, dossier, can, person, reports)
    urgent, later = offers_of(dossier, can, person, beside)
    owners = {task.owner_id for task in dossier.tasks if task.owner_id is not None}
    return CaseView(
        dossier=dossier,
        chart=chart_of(dossier),
        headline=headline(dossier),
        summary=_summary(dossier),
        look=_look(dossier),
        requests=rows,
        holds=_holds(dossier),
        reports=reports,
        approvals=tuple(dossier.waiting.values()),
        withdrawals=tuple(one for one in dossier.withdrawals.values() if one.stage in {"asked", "verified"}),
        verified_by_me=beside.own,
        numbers={report.id: report.no for report in reports},
        names={key: one.name for key, one in people_by_id(connection, owners).items()} if owners else {},
        can=can,
        urgent=urgent,
        later=later,
        story=story_of(work, dossier, which=which, below=below, reports=reports),
        reveals=times_revealed(connection, dossier.id),
    )


def beside_of(
    work: Work, dossier: Dossier, can: Possible, person: Person, reports: Sequence[Reported]
) -> amending.Beside:
    """Return what the offers need beside the case: its reports, who else claims an account, what I verified."""
    held_back = {dossier.holds[hold_id].account_id for hold_id in can.release}
    return amending.Beside(
        reports=reports,
        claims=claiming(work, dossier.id, {account_id for account_id in held_back if account_id is not None}),
        own=verified_by(work, dossier, person),
    )


def verified_by(work: Work, dossier: Dossier, person: Person) -> frozenset[UUID]:
    """Return the waiting withdrawals that this human being verified, also by another login."""
    return frozenset(
        one.id
        for one in dossier.withdrawals.values()
        if one.stage == "verified" and one.verified_by is not None and is_own(work, one.verified_by, person)
    )


def story_of(
    work: Work,
    dossier: Dossier,
    *,
    which: str,
    below: int | None,
    limit: int = ON_A_PAGE,
    reports: Sequence[Reported] | None = None,
) -> Story:
    """Return a page of what happened: everything, what passed with the banks, or what people did.

    ``reports`` are those of the case, where they are known already.
    """
    entries = entries_of(
        work.connection,
        f"case:{dossier.id}",
        dossier.opened_month,
        limit=limit + 1,
        before=below,
        kinds=BANK_KINDS if which == "bank" else (),
        actors=PEOPLE if which == "people" else (),
    )
    shown = entries[:limit]
    lines = lines_of(shown, dossier, waits_by_id(work.connection, clock_ids(shown)))
    return Story(
        lines=_told(work, dossier, lines, reports),
        which=which,
        older=shown[-1].seq if len(entries) > limit else None,
    )


def missed(work: Work, dossier: Dossier, seen: int) -> tuple[StoryLine, ...]:
    """Return what happened since somebody saw the case at ``seen``: what they could not know when they acted."""
    entries = entries_since(work.connection, f"case:{dossier.id}", dossier.opened_month, seen, limit=MISSED)
    lines = lines_of(entries, dossier, waits_by_id(work.connection, clock_ids(entries)))
    return _told(work, dossier, lines, None)


def _told(
    work: Work, dossier: Dossier, lines: Sequence[Line], reports: Sequence[Reported] | None
) -> tuple[StoryLine, ...]:
    known = reports_of(work.connection, dossier.id) if reports is None else reports
    numbers = {report.id: report.no for report in known}
    return tuple(StoryLine(line=line, said=telling.said(line, dossier, numbers)) for line in lines)


def headline(dossier: Dossier) -> str:
    """Return the state of a case in one sentence."""
    requests = list(dossier.requests.values())
    if not requests:
        waiting = len(dossier.open_tasks)
        if not waiting:
            return _("No bank was asked.")
        return ngettext("%(num)d thing waits for a person.", "%(num)d things wait for a person.", waiting)
    answered = [request for request in requests if request.stage == "answered"]
    late = sum(request.late for request in requests)
    parts = [
        ngettext("%(num)d request", "%(num)d requests", len(requests)),
        _("%(count)s answered", count=len(answered)),
    ]
    if answered and not late:
        parts.append(_("all in time"))
    elif late:
        parts.append(ngettext("%(num)d late", "%(num)d late", late))
    return _("%(facts)s.", facts=_(", ").join(parts))


def _summary(dossier: Dossier) -> str:
    waiting = len(dossier.waiting)
    parts = []
    if waiting:
        parts.append(
            ngettext(
                "%(num)d decision waits for a second person", "%(num)d decisions wait for a second person", waiting
            )
        )
    unconfirmed = sum(hold.state == "unconfirmed" for hold in dossier.holds.values())
    if unconfirmed:
        parts.append(ngettext("%(num)d account to be confirmed", "%(num)d accounts to be confirmed", unconfirmed))
    return _("; ").join(parts)


def next_due(rows: Sequence[RequestRow]) -> RequestRow | None:
    """Return the open request whose answer is due first."""
    waiting = [row for row in rows if row.is_open and row.request.answer_due_at is not None]
    return min(waiting, key=lambda row: row.request.answer_due_at or row.request.created_at, default=None)


def _look(dossier: Dossier) -> str:
    if dossier.closed_at is not None:
        return "done"
    open_ones = [request for request in dossier.requests.values() if request.stage not in _OVER]
    if any(request.late for request in open_ones):
        return "late"
    if any(hold.state in {"unconfirmed", "in_question"} for hold in dossier.holds.values()):
        return "fix"
    if open_ones:
        return "wait"
    return "held" if any(hold.state in {"stopped", "frozen"} for hold in dossier.holds.values()) else "idle"


def _requests(dossier: Dossier, sent: Sequence[Sent], came: Sequence[Came]) -> tuple[RequestRow, ...]:
    ordered = sorted(dossier.requests.values(), key=lambda one: (one.created_at, one.id))
    rows = []
    for number, request in enumerate(ordered, start=1):
        hold = dossier.holds[request.hold_id]
        label = dossier.label_of(hold)
        definition = dossier.definition_of(hold.id)
        look, state = _state_of(request, definition)
        took = None
        if request.answered_at is not None:
            took = request.answered_at - (request.delivered_at or request.created_at)
        rows.append(
            RequestRow(
                number=number,
                request=request,
                hold=hold,
                label=label,
                bank=wording.institution(label),
                tier=wording.tier(hold.tier),
                kind=wording.kind_of_request(definition, request.kind),
                scheme=_scheme(dossier, hold.id),
                state=state,
                look=look,
                took=took,
                is_open=request.stage not in _OVER,
                use=_use(dossier, request),
                ends_at=hold.ends_at if request.purpose in _STOPS and hold.state == "stopped" else request.ends_at,
                sent=tuple(message for message in sent if message.request_id == request.id),
                came=tuple(reply for reply in came if reply.request_id == request.id),
            )
        )
    return tuple(reversed(rows))


def _scheme(dossier: Dossier, hold_id: UUID) -> str:
    """Return what governs a hold, where the case is under several schemes."""
    definition = dossier.definition_of(hold_id)
    return wording.title(definition) if definition is not None and len(dossier.procedures) > 1 else ""


def _state_of(request: Request, definition: Definition | None) -> tuple[str, str]:
    if request.conflict:
        return "fix", _("answers contradict each other")
    if request.outcome is not None:
        return words.look("outcome", request.outcome), wording.outcome(definition, request.outcome)
    if request.paused_at is not None and request.stage not in _OVER:
        return "wait", _("answer limit paused")
    if request.late and request.stage not in _OVER:
        return "late", str(words.word("stage", request.stage))
    return words.look("stage", request.stage), str(words.word("stage", request.stage))


def _use(dossier: Dossier, request: Request) -> str:
    """Return which of the account's stops this is: 1st of 2."""
    definition = dossier.definition_of(request.hold_id)
    if request.purpose not in _STOPS or definition is None or definition.terms_allowed is None:
        return ""
    return _("stop %(number)s of %(most)s", number=request.stop_seq, most=definition.terms_allowed)


def _holds(dossier: Dossier) -> tuple[HoldRow, ...]:
    rows = []
    for hold in sorted(dossier.holds.values(), key=lambda one: (one.tier, one.since)):
        label = dossier.label_of(hold)
        papers = [
            dossier.papers[UUID(paper)]
            for request in dossier.requests.values()
            if request.hold_id == hold.id
            for paper in request.documents
            if _is_id(paper) and UUID(paper) in dossier.papers
        ]
        other_id = hold.corrected_by or hold.corrects
        other = dossier.holds.get(other_id) if other_id else None
        rows.append(
            HoldRow(
                hold=hold,
                label=label,
                bank=wording.institution(label),
                tier=wording.tier(hold.tier),
                scheme=_scheme(dossier, hold.id),
                lane=wording.lane(dossier.definition_of(hold.id), hold.lane),
                void=str(words.word("void", hold.void)) if hold.void else "",
                other=dossier.label_of(other) if other else None,
                other_id=other.id if other else None,
                papers=tuple(dict.fromkeys(papers)),
            )
        )
    return tuple(rows)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
