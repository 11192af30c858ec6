"""One row of the list as people read it: a verb and its object, a silhouette, what is known, and where the money is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from antifraud.auth.people import Person
from antifraud.cases.agenda import Edges, Entry
from antifraud.cases.beside import Hop
from antifraud.cases.worklist import UNCLAIMED_AFTER, UNCLAIMED_BEFORE_DUE
from antifraud.console.frame.languages import language
from antifraud.console.frame.shown import NOTHING, clock_time, instant, now
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.words import word
from antifraud.console.worklist.money import Money, money, tier_word

SNOOZED: Final = "snoozed"
GROUPS: Final = ("late", "soon", "next", "today", "later", SNOOZED)
LOOKS: Final[Mapping[str, str]] = {"late": "late", "soon": "soon", "next": "wait"}
"""How the head of a group looks; the later ones look like nothing, for colour is for state."""
_MOVED: Final = {"query_flow", "extend_chase", "trace_cash", "find_payout", "trace_gap", "resolve_lead"}
_MEND: Final = {
    "attach_and_resend",
    "ask_amount",
    "ask_executed_at",
    "call_back_victim",
    "compare_reports",
    "confirm_account",
    "hand_in_papers",
    "read_answer",
    "read_quarantined",
    "recheck_number",
    "settle_conflict",
}
_HELD: Final = {
    "bank_says_stopped",
    "confirm_lapse",
    "decide_hold",
    "file_and_freeze",
    "release_hold",
    "renew_freeze",
    "stop_again_or_freeze",
}
_RING: Final = {
    "call_contact_a",
    "call_contact_b",
    "call_head_office",
    "deliver_by_hand",
    "escalate_refusal",
    "query_state",
}
# Rungs of a ladder and warnings before an end: their level says which one it is, not how often nobody did it.
_COUNTED_OTHERWISE: Final = {
    "call_contact_a",
    "call_contact_b",
    "call_head_office",
    "file_and_freeze",
    "renew_freeze",
}
_ENDS: Final = {"stopped", "frozen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One row, ready to be written down; nothing in it is in the clear.

    `missed` is how often its time ran out before: it was put on the list anew each time.
    """

    entry: Entry
    group: str
    look: str
    verb: str
    what: str
    victim: str | None
    trick: str | None
    tier: str | None
    account: str | None
    owner: Person | None
    note: str
    must: str
    otherwise: str
    address: str
    money: Money | None
    missed: int
    is_unclaimed: bool

    @property
    def title(self) -> str:
        """Return what is to be done, as one sentence."""
        if self.what and (":" in self.verb or "：" in self.verb):
            return f"{self.verb} · {self.what}"  # one colon is enough
        return _("%(verb)s: %(object)s", verb=self.verb, object=self.what) if self.what else self.verb

    @property
    def initial(self) -> str:
        """Return the first character of the owner's name."""
        return self.owner.name[:1].upper() if self.owner else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was read beside the rows, by case, account and person."""

    victims: Mapping[UUID, str]
    accounts: Mapping[UUID, str]
    people: Mapping[UUID, Person]
    hops: Mapping[UUID, Sequence[Hop]]


def view(entry: Entry, edges: Edges, known: Known, *, is_snoozed: bool) -> RowView:
    """Return a row as it is written in the language of the request."""
    return RowView(
        entry=entry,
        group=SNOOZED if is_snoozed else edges.group_of(entry.due_at),
        look=_look(entry),
        verb=_verb(entry),
        what=_what(entry),
        victim=known.victims.get(entry.case_id),
        trick=_word_or_code("fraud", entry.fraud_type) if entry.fraud_type else None,
        tier=tier_word(entry.tier) if entry.tier else None,
        account=known.accounts.get(entry.account_id) if entry.account_id else None,
        owner=known.people.get(entry.owner_id) if entry.owner_id else None,
        note=_note(entry),
        must=_must(entry),
        otherwise=_otherwise(entry),
        address=_address(entry),
        money=money(known.hops.get(entry.case_id, ()), entry.asset),
        missed=entry.level if entry.source == "task" and entry.kind not in _COUNTED_OTHERWISE else 0,
        is_unclaimed=entry.source == "task"
        and entry.owner_id is None
        and not is_snoozed
        and entry.since <= edges.now - UNCLAIMED_AFTER
        and entry.due_at <= edges.now + UNCLAIMED_BEFORE_DUE,
    )


def _look(entry: Entry) -> str:
    """Return the silhouette: by what is to be done, never by how late it is (that is the countdown's)."""
    if entry.source == "wait":
        return "wait"
    if entry.source == "approval":
        return "idle"
    for kinds, found in ((_RING, "late"), (_MEND, "fix"), (_MOVED, "moved"), (_HELD, "held")):
        if entry.kind in kinds:
            return found
    return "idle"


def _verb(entry: Entry) -> str:
    match entry.source, entry.kind:
        case "wait", "receipt":
            return _("Awaiting receipt")
        case "wait", _:
            return _("Awaiting the answer")
        case "approval", _:
            return _("To be approved")
        case _:
            return _word_or_code("task", entry.kind)


def _what(entry: Entry) -> str:
    institution = entry.institution_zh if language() == "zh" else entry.institution_en
    name = institution or (_("unknown account") if entry.hold_id else "")
    if entry.source == "wait":
        return f"{name} {_request(entry)}"
    if entry.source == "approval":
        return f"{_word_or_code('request_kind', entry.kind)} {name}".strip()
    if entry.request_id is None:
        return name
    state = _state(entry)
    return _("%(who)s, %(state)s", who=name, state=state) if state else name


def _request(entry: Entry) -> str:
    kind = _word_or_code("request_kind", entry.request_kind or "")
    if not entry.tier:
        return kind
    return f"{tier_word(entry.tier)}{kind}" if language() == "zh" else f"{tier_word(entry.tier)} {kind}"


def _state(entry: Entry) -> str:
    """Return how the request stands that the task is about, in two words."""
    if entry.outcome:
        return _word_or_code("outcome", entry.outcome)
    if entry.stage == "queued":
        return _("not delivered")
    if entry.stage in {"delivered", "received", "executed"}:
        return _("no answer")
    return ""


def _note(entry: Entry) -> str:
    """Return the small line under the amount: what happened last, or when it ends."""
    if entry.source == "approval":
        return _("needs a supervisor")
    if entry.source == "task" and entry.snoozed_until is not None and entry.snoozed_until > now():
        return _("put off until %(at)s", at=_hour(entry.snoozed_until))
    if entry.request_id is not None and not entry.outcome and entry.asked_at is not None:
        return _sent(entry, entry.asked_at)
    if entry.hold_state in _ENDS and entry.ends_at:
        return _("expires %(at)s", at=_hour(entry.ends_at))
    return _("since %(at)s", at=_hour(entry.since))


def _sent(entry: Entry, asked_at: datetime) -> str:
    if entry.acknowledged_at:
        return _("receipt came %(at)s", at=_hour(entry.acknowledged_at))
    if entry.delivered_at:
        return _("delivered %(at)s", at=_hour(entry.delivered_at))
    return _("asked %(at)s", at=_hour(asked_at))


def _must(entry: Entry) -> str:
    """Return who must do what until when: the sentence beside the large countdown."""
    at = instant(entry.due_at)
    institution = entry.institution_zh if language() == "zh" else entry.institution_en
    match entry.source, entry.kind:
        case "wait", "receipt":
            return _("%(who)s must have it by %(at)s", who=institution or NOTHING, at=at)
        case "wait", _:
            return _("%(who)s must answer by %(at)s", who=institution or NOTHING, at=at)
        case "approval", _:
            return _("To be decided by %(at)s", at=at)
        case _:
            return _("To be done by %(at)s", at=at)


def _otherwise(entry: Entry) -> str:
    """Return what is known of it, and what follows if nobody does it."""
    match entry.source, entry.kind:
        case "wait", "receipt":
            return _("Not there by then, somebody hands it over by telephone or paper.")
        case "wait", _:
            return _("Without an answer by then, somebody is to call contact A.")
        case "approval", _:
            return _("Asked by %(who)s; not decided by then, it expires.", who=(entry.asked_by or "").partition(":")[2])
        case "task", "file_and_freeze":
            return _("The stop ends %(at)s by itself: freeze or release before.", at=instant(entry.ends_at))
        case "task", "renew_freeze":
            return _("The freeze ends %(at)s by itself.", at=instant(entry.ends_at))
        case _:
            return _("Open since %(at)s.", at=instant(entry.since))


def _address(entry: Entry) -> str:
    page = f"/cases/{entry.case_no}"
    match entry.source:
        case "wait":
            return f"{page}#request-{entry.request_id}"
        case "approval":
            return f"{page}#approval-{entry.id}"
        case _:
            return f"{page}#task-{entry.id}"


def _word_or_code(kind: str, code: str) -> str:
    """Return the word of a code; a code that a source made up itself is shown as it is."""
    try:
        return str(word(kind, code))
    except KeyError:
        return code


def _hour(at: datetime) -> str:
    """Return the time of day without its seconds; with the day where it is not today."""
    there, here = instant(at), instant(now())
    is_today = there.partition(" ")[0] == here.partition(" ")[0]
    return (clock_time(at) if is_today else there)[: -len(":00")]
