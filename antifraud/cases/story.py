"""What happened in a case, entry by entry, as typed lines of codes: the words for them are the room's. Pure.

No entry is left out: one of a kind that nobody taught this module becomes a
line with its kind alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from antifraud.audit.queries import Logged
from antifraud.cases.dossier import Dossier
from antifraud.deadlines.queries import Wait

PEOPLE: Final = ("user:", "cli:")
"""How the actors begin that are persons of the centre."""
BANK_KINDS: Final = frozenset(
    {
        *("RequestDelivered", "ChannelMissing", "AnswerReceived", "ReplyQuarantined", "AnswerSettled"),
        *("ReminderAsked", "ClockPaused", "ClockResumed", "ReleaseHeldBack"),
    }
)
"""What passed between the centre and the institutions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry of the log, read.

    `what` is its kind, of a wait that came due with the wait's kind behind a
    point (``ClockReached.answer``); `code` is the one code that says more (an
    outcome, a measure, a task, a doubt, a content hash), `reason` why.
    `reply_id` names the message of the institution that an entry comes from,
    `other_hold_id` the right account's hold of a correction. `was_due_at` and
    `due_at` are the instants of a wait that was counted again.
    """

    seq: int
    at: datetime
    recorded_at: datetime
    what: str
    actor: str
    hold_id: UUID | None = None
    request_id: UUID | None = None
    reply_id: UUID | None = None
    report_id: UUID | None = None
    code: str | None = None
    reason: str | None = None
    amount_minor: int | None = None
    channel: str | None = None
    count: int = 0
    is_yes: bool | None = None
    sent_at: datetime | None = None
    other_hold_id: UUID | None = None
    was_due_at: datetime | None = None
    due_at: datetime | None = None

    @property
    def by_person(self) -> bool:
        """Tell whether a person of the centre did it."""
        return self.actor.startswith(PEOPLE)


def clock_ids(entries: Iterable[Logged]) -> set[UUID]:
    """Return the waits that these entries name, which only the table of waits can tell more about."""
    return {
        UUID(entry.payload["clock_id"])
        for entry in entries
        if entry.kind in {"ClockReached", "ClockSuperseded"} and "clock_id" in entry.payload
    }


def lines_of(entries: Iterable[Logged], dossier: Dossier, waits: Mapping[UUID, Wait]) -> list[Line]:
    """Return the entries as lines, in their order."""
    reader = _Reader(dossier, waits)
    return [reader.line(entry) for entry in entries]


class _Reader:
    """Reads entries beside the case as it stands: a task or an approval is told by its id alone."""

    def __init__(self, dossier: Dossier, waits: Mapping[UUID, Wait]) -> None:
        self._dossier = dossier
        self._waits = waits
        self._requests = dossier.requests
        self._tasks = {task.id: task for task in dossier.tasks}
        self._approvals = {approval.id: approval for approval in dossier.approvals}
        self._holds = dossier.holds

    def line(self, entry: Logged) -> Line:
        read = _READERS.get(entry.kind)
        values = read(self, entry.payload) if read else {}
        what = values.pop("what", entry.kind)
        return Line(seq=entry.seq, at=entry.at, recorded_at=entry.recorded_at, what=what, actor=entry.actor, **values)

    def about(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hold and the request that a payload names, the hold also by its request."""
        request_id = _id(payload, "request_id")
        request = self._requests.get(request_id) if request_id else None
        return {
            "request_id": request_id,
            "hold_id": _id(payload, "hold_id") or (request.hold_id if request else None),
            "reason": payload.get("reason"),
        }

    def claim(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        claim = payload["claim"]
        doubts = claim.get("doubts") or []
        is_known = claim.get("account_id") is not None
        return {
            "hold_id": UUID(claim["hold_id"]),
            "amount_minor": _minor(claim.get("amount_minor")),
            "count": claim["tier"],
            "code": (doubts[0] if doubts else None) if is_known else "lead",
        }

    def delivered(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        request = self._requests.get(UUID(payload["request_id"]))
        return self.about(payload) | {
            "channel": payload.get("channel"),
            "code": request.kind if request else None,
            "amount_minor": request.asked_minor if request else None,
            "sent_at": _instant(payload.get("sent_at")),
        }

    def answered(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.about(payload) | {
            "reply_id": _id(payload, "reply_id"),
            "code": payload.get("outcome"),
            "amount_minor": _minor(payload.get("held_minor")),
            "count": len(payload.get("next_hops") or ()),
        }

    def clock(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        wait = self._waits.get(UUID(payload["clock_id"]))
        if wait is None:
            return {}
        return {"what": f"ClockReached.{wait.kind}"} | self.waiting(wait)

    def recounted(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        wait = self._waits.get(UUID(payload["clock_id"]))
        values = self.waiting(wait) if wait is not None else {}
        return values | {
            "code": wait.kind if wait is not None else None,
            "was_due_at": _instant(payload["was"].get("due_at")),
            "due_at": _instant(payload["now"].get("due_at")),
        }

    def waiting(self, wait: Wait) -> dict[str, Any]:
        """Return what a wait is about."""
        subject = wait.subject_id
        values: dict[str, Any] = {}
        match wait.subject_kind:
            case "request":
                values |= self.about({"request_id": str(subject)})
            case "hold":
                values["hold_id"] = subject
            case "withdrawal":
                values |= self.withdrawal({"withdrawal_id": str(subject)})
            case "task":
                values |= self.task({"task_id": str(subject)})
            case "approval":
                values |= self.approval({"approval_id": str(subject)})
            case _:
                pass
        return values

    def task(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        task = self._tasks.get(UUID(payload["task_id"]))
        values: dict[str, Any] = {"reason": payload.get("reason")}
        if task is None:
            return values
        if task.subject_kind == "request":
            values |= self.about({"request_id": str(task.subject_id)})
        elif task.subject_kind == "hold":
            values["hold_id"] = task.subject_id
        elif task.subject_kind == "withdrawal":
            known = self._dossier.withdrawals.get(task.subject_id)
            values["report_id"] = known.report_id if known else None
        return values | {"code": task.kind}

    def measure(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.about(payload) | {"code": payload.get("kind"), "amount_minor": _minor(payload.get("amount_minor"))}

    def approval(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        found = self._approvals.get(UUID(payload["approval_id"]))
        values: dict[str, Any] = {"reason": payload.get("reason")}
        return values | {"code": found.act, "hold_id": found.hold_id} if found else values

    def appeal(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        appeal_id = UUID(payload["appeal_id"])
        hold_id = next(
            (hold.id for hold in self._holds.values() if appeal_id == hold.appeal_id or appeal_id in hold.past_appeals),
            None,
        )
        return {"hold_id": _id(payload, "hold_id") or hold_id, "is_yes": payload.get("upheld")}

    def doubt(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        kind, subject = payload.get("subject_kind"), payload.get("subject_id")
        about = self.about({f"{kind}_id": subject}) if kind in {"hold", "request"} else {}
        return about | {
            "code": payload.get("kind"),
            "reason": payload.get("reason"),
            "amount_minor": _minor(payload.get("amount_minor")),
        }

    def corrected(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        claim = payload["claim"]
        return self.about(payload) | {
            "other_hold_id": UUID(claim["hold_id"]),
            "amount_minor": _minor(claim.get("amount_minor")),
        }

    def withdrawal(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        known = self._dossier.withdrawals.get(UUID(payload["withdrawal_id"]))
        return {
            "report_id": _id(payload, "report_id") or (known.report_id if known else None),
            "code": payload.get("side") or (known.side if known else None),
            "count": len(payload.get("kept") or ()),
            "is_yes": payload.get("approved"),
        }

    def held_back(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.about(payload) | {"count": len(payload.get("claims") or ())}

    def release(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.about(payload) | {"is_yes": payload.get("go")}

    def condition(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.about(payload) | {"code": payload.get("condition"), "due_at": _instant(payload.get("met_at"))}

    def migration(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {"code": payload.get("content_hash"), "count": len(payload.get("moved") or ())}

    def report(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "report_id": _id(payload, "report_id"),
            "is_yes": payload.get("joined"),
            "reason": payload.get("reason"),
        }


_READERS: Final[Mapping[str, Callable[[_Reader, Mapping[str, Any]], dict[str, Any]]]] = {
    "ReportAccepted": _Reader.report,
    "ReportSeparated": _Reader.report,
    "ReportForgotten": _Reader.report,
    "ClaimAdded": _Reader.claim,
    "ClaimConfirmed": _Reader.about,
    "ClaimDropped": _Reader.about,
    "LeadResolved": _Reader.about,
    "RequestDelivered": _Reader.delivered,
    "ChannelMissing": _Reader.about,
    "AnswerReceived": _Reader.answered,
    "AnswerSettled": _Reader.answered,
    "ReplyQuarantined": _Reader.answered,
    "ReminderAsked": _Reader.about,
    "ClockReached": _Reader.clock,
    "TaskCompleted": _Reader.task,
    "TaskClaimed": _Reader.task,
    "TaskGivenBack": _Reader.task,
    "TaskAssigned": _Reader.task,
    "TaskSnoozed": _Reader.task,
    "TaskWoken": _Reader.task,
    "MeasureAsked": _Reader.measure,
    "ApprovalGiven": _Reader.approval,
    "ApprovalRefused": _Reader.approval,
    "PapersFollowed": _Reader.about,
    "AppealReceived": _Reader.appeal,
    "AppealDecided": _Reader.appeal,
    "DoubtRaised": _Reader.doubt,
    "ClockSuperseded": _Reader.recounted,
    "ConditionMet": _Reader.condition,
    "ClockPaused": _Reader.about,
    "ClockResumed": _Reader.about,
    "ChaseExtended": _Reader.about,
    "ClaimCorrected": _Reader.corrected,
    "WithdrawalAsked": _Reader.withdrawal,
    "WithdrawalVerified": _Reader.withdrawal,
    "WithdrawalDecided": _Reader.withdrawal,
    "ReleaseHeldBack": _Reader.held_back,
    "ReleaseDecided": _Reader.release,
    "MigrationAsked": _Reader.migration,
    "DefinitionMigrated": _Reader.migration,
}


def _id(payload: Mapping[str, Any], name: str) -> UUID | None:
    found = payload.get(name)
    return UUID(found) if found else None


def _minor(value: int | str | None) -> int | None:
    """Return an amount of the log: an integer, or a text of digits above what every reader of JSON keeps exact."""
    return None if value is None else int(value)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
