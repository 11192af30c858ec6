"""One table of the workflow's codes: the word of each in the reader's language, and how its state looks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from antifraud.cases import definitions
from antifraud.console.frame.languages import language
from antifraud.console.frame.scheme_words import WORDS as OF_SCHEMES
from antifraud.console.frame.texts import LazyString
from antifraud.console.frame.texts import lazy_gettext as _
from workflows.scheme import Outcome

_OWN: Final[Mapping[str, Mapping[str, LazyString]]] = MappingProxyType(
    {
        # what a person must do: a verb, to which the list adds the object
        "task": {
            "confirm_account": _("Confirm the account"),
            "resolve_lead": _("Find bank and number"),
            "extend_chase": _("Decide on the next tier"),
            "settle_conflict": _("Settle contradicting answers"),
            "decide_hold": _("Decide what follows"),
            "read_answer": _("Read the answer"),
            "ask_amount": _("Ask for the amount stopped"),
            "ask_executed_at": _("Ask when it was stopped"),
            "ask_again": _("Ask for approval again"),
            "bank_says_stopped": _("Clear up: the bank reports a stop"),
            "trace_gap": _("Look into the gap before the freeze"),
            "count_exceeded": _("Freeze, or let a leader decide"),
            "release_hold": _("Release"),
            "decide_appeal": _("Decide the objection"),
            "hand_in_papers": _("Hand in the papers"),
            "review_stop": _("Review the stop"),
            "file_and_freeze": _("File and freeze, or release"),
            "renew_freeze": _("Renew the freeze"),
            "confirm_lapse": _("Have the end confirmed"),
            "read_quarantined": _("Read the set-aside message"),
            "compare_reports": _("Compare the reports"),
            "deliver_by_hand": _("Hand over by telephone or paper"),
            "call_contact_a": _("Call contact A"),
            "call_contact_b": _("Call contact B"),
            "call_head_office": _("Call the head office"),
            "query_flow": _("Ask where the money went"),
            "trace_cash": _("Trace the cash"),
            "recheck_number": _("Check the number with the victim"),
            "call_back_victim": _("Call the victim back about the name"),
            "find_owner": _("Find whose stop it is"),
            "contact_prior_unit": _("Contact the earlier authority"),
            "leader_decides": _("Let a leader decide"),
            "ask_stop_again": _("Ask for the stop again"),
            "find_payout": _("Find the pay-out account"),
            "attach_and_resend": _("Attach and send again"),
            "other_channel": _("Use another channel"),
            "query_state": _("Ask for the state"),
            "escalate_refusal": _("Take the refusal to the head office"),
            "stop_again_or_freeze": _("Stop again, or freeze"),
        },
        "request_kind": {
            "stop": _("stop payment"),
            "second_stop": _("second stop"),
            "extend": _("extension"),
            "freeze": _("freeze"),
            "release": _("release of the stop"),
            "return": _("return of the money"),
        },
        "stage": {
            "queued": _("waiting to be sent"),
            "delivered": _("delivered"),
            "received": _("receipt came"),
            "executed": _("carried out, not yet answered"),
            "answered": _("answered"),
            "withdrawn": _("withdrawn"),
        },
        "outcome": {
            "received": _("accepted"),
            "full": _("stopped in full"),
            "partial": _("partly stopped"),
            "frozen": _("frozen"),
            "extended": _("extended"),
            "released": _("released"),
            "returned": _("returned"),
            "lapsed": _("lapsed"),
            "gone": _("money gone"),
            "moved_on": _("moved on"),
            "no_account": _("no such account"),
            "name_mismatch": _("details do not match"),
            "already_stopped": _("already stopped by another"),
            "prior_freeze": _("frozen by another before"),
            "count_exceeded": _("no stop left"),
            "whitelist": _("protected account"),
            "lost_card": _("card reported lost"),
            "closed": _("account closed"),
            "doc_missing": _("papers missing"),
            "unsupported": _("not offered by the bank"),
            "sys_error": _("fault at the bank"),
            "refused": _("refused"),
            "expired_op": _("too late: had ended"),
            "other": _("other answer"),
        },
        "hold": {
            "unconfirmed": _("to be confirmed"),
            "asked": _("asked, no answer yet"),
            "stopped": _("stopped"),
            "frozen": _("frozen"),
            "queued_behind": _("queued behind another"),
            "in_question": _("in question"),
            "none": _("not stopped"),
            "released": _("released"),
            "lapsed": _("lapsed"),
            "returned": _("returned"),
            "dropped": _("dropped"),
        },
        "clock": {
            "dispatch": _("must leave by"),
            "receipt": _("receipt due"),
            "answer": _("answer due"),
            "reminder": _("reminder goes out"),
            "ladder": _("next call"),
            "task": _("task due"),
            "approval": _("approval expires"),
            "stop_end": _("stop expires"),
            "stop_warning": _("warning before the stop expires"),
            "freeze_end": _("freeze expires"),
            "freeze_warning": _("warning before the freeze expires"),
        },
        "urgency": {"urgent": _("urgent"), "normal": _("normal")},
        "scope": {"whole": _("whole account"), "amount": _("an amount")},
        "phase": {
            "new": _("just opened"),
            "open": _("being worked on"),
            "closed": _("closed"),
            "historical": _("history only"),
        },
        "filing": {"filed": _("case filed"), "declined": _("not filed")},
        "subject": {
            "request": _("request"),
            "hold": _("hold"),
            "task": _("task"),
            "approval": _("approval"),
            "procedure": _("procedure"),
        },
        "verdict": {
            "in_time": _("in time"),
            "late": _("late"),
            "missing": _("no answer"),
            "undelivered": _("not delivered"),
            "excluded": _("excluded"),
            "counted": _("counted"),
        },
        "fraud": {
            "brushing": _("fake orders for commission"),
            "fake_investment": _("fake investment"),
            "shopping": _("fake shopping"),
            "impersonate_service": _("posing as customer service"),
            "loan": _("fake loan"),
            "credit_record": _("fake credit record"),
            "impersonate_boss": _("posing as a boss"),
            "impersonate_relative": _("posing as somebody known"),
            "impersonate_official": _("posing as police or court"),
            "romance": _("romance"),
            "game_trade": _("trade in game items"),
            "bec": _("business mail taken over"),
            "invoice": _("fake invoice"),
            "account_takeover": _("account taken over"),
            "tech_support": _("fake technical support"),
            "fake_subsidy": _("fake subsidy"),
            "mule_withdrawal": _("cash drawn for others"),
            "ticket_refund": _("fake ticket refund"),
            "sextortion": _("blackmail after a nude chat"),
            "prize": _("fake prize"),
            "insurance_fee": _("fake insurance fee"),
            "other": _("other trick"),
        },
        "role": {
            "operator": _("operator"),
            "supervisor": _("shift supervisor"),
            "auditor": _("auditor"),
            "administrator": _("administrator"),
        },
        "look": {
            "late": _("overdue"),
            "soon": _("due soon"),
            "fix": _("to be mended"),
            "wait": _("waiting"),
            "held": _("stopped"),
            "done": _("done"),
            "moved": _("moved on"),
            "gone": _("over"),
            "idle": _("not begun yet"),
        },
    }
)
_WORDS: Final[Mapping[str, Mapping[str, LazyString]]] = MappingProxyType(
    {
        kind: MappingProxyType({**_OWN.get(kind, {}), **OF_SCHEMES.get(kind, {})})
        for kind in (*_OWN, *(kind for kind in OF_SCHEMES if kind not in _OWN))
    }
)
_LOOKS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "stage": {
            "queued": "idle",
            "delivered": "wait",
            "received": "wait",
            "executed": "wait",
            "answered": "done",
            "withdrawn": "gone",
        },
        "outcome": {
            "received": "wait",
            "full": "held",
            "partial": "held",
            "frozen": "held",
            "extended": "held",
            "released": "done",
            "returned": "done",
            "lapsed": "gone",
            "gone": "gone",
            "moved_on": "moved",
            "already_stopped": "held",
            "prior_freeze": "held",
            "closed": "gone",
            "count_exceeded": "late",
            "refused": "late",
        },
        "hold": {
            "unconfirmed": "idle",
            "asked": "wait",
            "stopped": "held",
            "frozen": "held",
            "queued_behind": "wait",
            "in_question": "fix",
            "none": "gone",
            "released": "done",
            "lapsed": "gone",
            "returned": "done",
            "dropped": "gone",
        },
        "verdict": {
            "in_time": "done",
            "late": "late",
            "missing": "late",
            "undelivered": "soon",
            "excluded": "gone",
            "counted": "done",
        },
        "phase": {"new": "idle", "open": "wait", "closed": "done", "historical": "gone"},
        "filing": {"filed": "done", "declined": "gone"},
    }
)
_TO_BE_MENDED: Final = "fix"
_OF_DEFINITIONS: Final = MappingProxyType({"task": "tasks", "request_kind": "requests", "outcome": "outcomes"})
"""Codes that a definition may name freely, and the table in which it titles them."""
_FREE: Final = frozenset({"urgency", "condition", "paper", "side"})
"""Codes that a definition may name freely and has no titles for."""
_EFFECTS: Final = MappingProxyType(
    {"frozen": "held", "stopped": "held", "renewed": "held", "returned": "done", "released": "done", "none": "gone"}
)
"""How what an answer makes of a hold looks, the weightiest first."""


def word(kind: str, code: str) -> LazyString | str:
    """Return the word of a code, in the language of whoever reads it when it is written.

    Tasks, requests and outcomes are codes of definitions: one that the table
    does not have is called as its definition titles it, else it stands as it is.

    Args:
        kind: Which codes: task, request_kind, stage, outcome, hold, clock, urgency, scope, phase, filing, subject,
            verdict, fraud, role, look, condition, paper, side, void or withdrawal.
        code: As the workflow writes it.

    Raises:
        KeyError: The table has no such code, and codes of this kind are not those of definitions.
    """
    known = _WORDS[kind].get(code)
    if known is not None:
        return known
    if kind in _FREE:
        return code
    if kind not in _OF_DEFINITIONS:
        raise KeyError(code)
    titled = definitions.titled(_OF_DEFINITIONS[kind], code)
    title = "" if titled is None else titled.title_zh if language() == "zh" else titled.title_en
    return title or code


def look(kind: str, code: str) -> str:
    """Return how a state looks: late, soon, fix, wait, held, done, moved, gone or idle.

    An outcome that is not named here looks as what it makes of a hold; else a person must mend it.

    Raises:
        KeyError: There is no such code, or codes of this kind are no states.
    """
    if kind == "outcome" and code not in _OWN[kind]:
        found = definitions.titled("outcomes", code)
        effects = set(found.hold.values()) if isinstance(found, Outcome) else set()
        return next((_EFFECTS[effect] for effect in _EFFECTS if effect in effects), _TO_BE_MENDED)
    if code not in _WORDS[kind]:
        raise KeyError(code)
    return _LOOKS[kind].get(code, _TO_BE_MENDED)


def has(kind: str, code: str) -> bool:
    """Tell whether a code has a word of its own, here or in a definition."""
    return code in _WORDS[kind] or (
        kind in _OF_DEFINITIONS and definitions.titled(_OF_DEFINITIONS[kind], code) is not None
    )


def codes(kind: str) -> frozenset[str]:
    """Return every code of a kind that has a word."""
    return frozenset(_WORDS[kind])
