"""What the page of one case shows, part by part; every person and account in it is masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from antifraud.audit.queries import entries_of, entries_since, times_revealed
from antifraud.auth.people import Person, people_by_id
from antifraud.cases.dossier import AccountLabel, Dossier
from antifraud.cases.possible import Possible, possible
from antifraud.cases.story import BANK_KINDS, PEOPLE, Line, clock_ids, lines_of
from antifraud.channel.queries import Came, replies_about
from antifraud.console.casework import wording
from antifraud.console.casework.chart import Chart, chart_of
from antifraud.console.casework.offers import Offer, offers_of
from antifraud.console.frame import words
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.deadlines.queries import waits_by_id
from antifraud.intake.queries import Reported, reports_of
from antifraud.outbox.messages import Sent, messages_about
from antifraud.work import Work
from workflows.state import Approval, Hold, Request

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
    """One hold: what is claimed on which account, and until when."""

    hold: Hold
    label: AccountLabel | None
    bank: str
    tier: str
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One entry of the log and its words."""

    line: Line
    said: wording.Said


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
    urgent, later = offers_of(dossier, can, person)
    owners = {task.owner_id for task in dossier.tasks if task.owner_id is not None}
    return CaseView(
        dossier=dossier,
        chart=chart_of(dossier),
        headline=headline(dossier),
        summary=_summary(dossier),
        look=_look(dossier),
        requests=rows,
        holds=_holds(dossier),
        reports=reports_of(connection, dossier.id),
        approvals=tuple(dossier.waiting.values()),
        names={key: one.name for key, one in people_by_id(connection, owners).items()} if owners else {},
        can=can,
        urgent=urgent,
        later=later,
        story=story_of(work, dossier, which=which, below=below),
        reveals=times_revealed(connection, dossier.id),
    )


def story_of(work: Work, dossier: Dossier, *, which: str, below: int | None, limit: int = ON_A_PAGE) -> Story:
    """Return a page of what happened: everything, what passed with the banks, or what people did."""
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
        lines=tuple(StoryLine(line=line, said=wording.said(line, dossier)) for line in lines),
        which=which,
        older=shown[-1].seq if len(entries) > limit else None,
    )


def missed(work: Work, dossier: Dossier, seen: int) -> tuple[StoryLine, ...]:
    """Return what happened since somebody saw the case at ``seen``: what they could not know when they acted."""
    entries = entries_since(work.connection, f"case:{dossier.id}", dossier.opened_month, seen, limit=MISSED)
    lines = lines_of(entries, dossier, waits_by_id(work.connection, clock_ids(entries)))
    return tuple(StoryLine(line=line, said=wording.said(line, dossier)) for line in lines)


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
        look, state = _state_of(request)
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
                kind=str(words.word("request_kind", request.kind)),
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


def _state_of(request: Request) -> tuple[str, str]:
    if request.conflict:
        return "fix", _("answers contradict each other")
    if request.outcome is not None:
        return words.look("outcome", request.outcome), str(words.word("outcome", request.outcome))
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
        rows.append(
            HoldRow(
                hold=hold,
                label=label,
                bank=wording.institution(label),
                tier=wording.tier(hold.tier),
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
