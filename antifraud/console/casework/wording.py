"""The words of the room: what an entry of the log says, what an act is called, and which reasons there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from antifraud.cases.dossier import AccountLabel, Dossier
from antifraud.cases.story import Line
from antifraud.console.frame import shown, words
from antifraud.console.frame.languages import language
from antifraud.console.frame.texts import LazyString, ngettext
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import lazy_gettext as lazy
from workflows.state import Hold

DROP_REASONS: Final = ("wrong_account", "told_twice", "no_fraud", "victim_withdrew")
ASK_REASONS: Final = (
    "unrelated_payment",
    "victim_withdrew",
    "wrong_account",
    "not_filed",
    "appeal_upheld",
    "case_filed",
)
REFUSE_REASONS: Final = ("evidence_missing", "amount_too_high", "wrong_account", "not_needed")
REVEAL_REASONS: Final = ("call_victim", "call_bank", "check_number", "write_papers", "answer_court", "check_record")

_REASONS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "wrong_account": lazy("wrong account"),
        "told_twice": lazy("told twice"),
        "no_fraud": lazy("no fraud"),
        "victim_withdrew": lazy("the victim withdrew"),
        "unrelated_payment": lazy("payment unrelated to the case"),
        "not_filed": lazy("the authority declined to file"),
        "appeal_upheld": lazy("objection upheld"),
        "case_filed": lazy("the case is filed"),
        "evidence_missing": lazy("evidence is missing"),
        "amount_too_high": lazy("the amount is too high"),
        "not_needed": lazy("not needed"),
        "call_victim": lazy("call the victim"),
        "call_bank": lazy("call the bank"),
        "check_number": lazy("check a number"),
        "write_papers": lazy("write papers"),
        "answer_court": lazy("answer a court or an authority"),
        "check_record": lazy("check of the record"),
        "lead": lazy("account not fully known"),
        "checksum": lazy("the number does not fit its check digit"),
        "untrusted_source": lazy("the source may not dispatch"),
        "source_trust": lazy("the source may not dispatch"),
        "pooled_account": lazy("the account holds many people’s money"),
        "lane": lazy("by the lane that the scheme puts it in"),
        "not_entitled": lazy("whoever asked may not ask under this scheme"),
        "follow_one_click": lazy("one click follows the money"),
        "chase_depth": lazy("beyond the tiers that are followed by themselves"),
        "follow_by_person": lazy("a person decides about the next tier"),
        "terms_used": lazy("no stop left for this account"),
        "no_channel": lazy("no channel reaches the bank"),
        "perhaps_the_same": lazy("perhaps the same payment"),
        "payment_of_another_case": lazy("payment of another case"),
        "executed_at": lazy("the bank did not say when"),
        "clock_wrong": lazy("the bank’s clock cannot be right"),
        "unreadable": lazy("cannot be read"),
        "names_another_request": lazy("names another request"),
        "cannot_follow": lazy("does not fit what is known"),
        "bank_called": lazy("bank called, answer promised"),
        "victim_unreachable": lazy("victim not reached"),
        "papers_under_way": lazy("papers under way"),
        "colleague_on_it": lazy("a colleague is on it"),
        "too_early": lazy("too early"),
        "freeze_after_end": lazy("the freeze came after the end of the stop"),
    }
)


def reason(code: str | None) -> str:
    """Return the words of a reason; a code that has none stands as it is, for nothing may be hidden."""
    if not code:
        return ""
    return (
        "、".join(_reason(one) for one in code.split(","))
        if language() == "zh"
        else ", ".join(_reason(one) for one in code.split(","))
    )


def _reason(code: str) -> str:
    if code in _REASONS:
        return str(_REASONS[code])
    for kind in ("outcome", "request_kind", "filing"):
        if words.has(kind, code):
            return str(words.word(kind, code))
    return code


def fraud(code: str | None) -> str:
    """Return what a kind of fraud is called; a code of another taxonomy stands as it is."""
    return str(words.word("fraud", code)) if code in words.codes("fraud") else code or shown.NOTHING


def institution(label: AccountLabel | None) -> str:
    """Return what a bank is called in the reader's language."""
    if label is None:
        return _("account not known")
    if label.institution is not None:
        return label.institution.name_zh if language() == "zh" else label.institution.name_en
    return label.named or _("bank not known")


def account(label: AccountLabel | None) -> str:
    """Return bank and masked number: 东岚银行 6217…4471."""
    if label is None:
        return _("account not known")
    return f"{institution(label)} {label.short}"


def actor(who: str) -> str:
    """Return who did something, as people call them."""
    kind, _point, name = who.partition(":")
    match kind:
        case "user":
            return name
        case "cli":
            return _("command line (%(name)s)", name=name)
        case "source":
            return _("source %(name)s", name=name)
        case "bank":
            return _("the bank")
        case _:
            return _("the service")


def channel(code: str | None) -> str:
    """Return the way that a message took."""
    return {
        "push": _("direct connection"),
        "pull": _("fetched by the bank"),
        "callback": _("direct connection"),
        "answer": _("answer on the same connection"),
        "response": _("answer on the same connection"),
        "telephone": _("by telephone"),
        "paper": _("on paper"),
        "manual": _("by hand"),
    }.get(code or "", code or "")


def tier(number: int) -> str:
    """Return the name of a tier: 一级, 二级; tier 1, tier 2."""
    if language() != "zh":
        return _("tier %(number)s", number=number)
    figures = "零一二三四五六七八九十"
    return f"{figures[number]}级" if 0 <= number < len(figures) else f"{number} 级"


def measure(kind: str) -> str:
    """Return a measure as the verb that asks for it."""
    return {
        "freeze": _("Ask for a freeze"),
        "release": _("Release the stop"),
        "second_stop": _("Ask for a second stop"),
        "extend": _("Ask for an extension"),
        "return": _("Return the money"),
    }.get(kind) or str(words.word("request_kind", kind))


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the timeline: what happened, a second line, and how it looks."""

    headline: str
    detail: str
    look: str


def said(line: Line, dossier: Dossier) -> Said:
    """Return an entry of the log in words."""
    hold = dossier.holds.get(line.hold_id) if line.hold_id else None
    about = _About(line, dossier, hold)
    teller = _TELLERS.get(line.what)
    headline, detail, look = teller(about) if teller else (_("Entry: %(kind)s", kind=line.what), "", "acc")
    return Said(headline=headline, detail=" · ".join(part for part in (about.who, detail) if part), look=look)


class _About:
    """What an entry is about, in the words that its sentence needs."""

    def __init__(self, line: Line, dossier: Dossier, hold: Hold | None) -> None:
        self.line = line
        self.label = dossier.label_of(hold) if hold else None
        self.asset = hold.asset if hold else "CNY"
        self.tier = tier(hold.tier) if hold else ""
        self.bank = institution(self.label) if hold else ""
        self.account = account(self.label) if hold else ""
        self.who = actor(line.actor)

    @property
    def amount(self) -> str:
        return shown.money(self.line.amount_minor, self.asset)

    @property
    def code(self) -> str:
        return self.line.code or ""

    @property
    def reason(self) -> str:
        return reason(self.line.reason)

    def word(self, kind: str) -> str:
        return str(words.word(kind, self.code)) if words.has(kind, self.code) else self.code


_Told = tuple[str, str, str]


def _claim(about: _About) -> _Told:
    headline = _(
        "%(tier)s account %(account)s, %(amount)s", tier=about.tier, account=about.account, amount=about.amount
    )
    if about.line.code is None:
        return headline, _("stop request made"), "acc"
    return headline, _("waits for a person: %(reason)s", reason=reason(about.line.code)), "fix"


def _delivered(about: _About) -> _Told:
    kind = about.word("request_kind")
    return (
        _("%(bank)s has the request: %(kind)s %(amount)s", bank=about.bank, kind=kind, amount=about.amount),
        channel(about.line.channel),
        "acc",
    )


def _answered(about: _About) -> _Told:
    outcome = about.word("outcome")
    look = words.look("outcome", about.code)
    detail = []
    if about.line.amount_minor is not None:
        detail.append(_("held %(amount)s", amount=about.amount))
    if about.line.count:
        detail.append(ngettext("names %(num)d further account", "names %(num)d further accounts", about.line.count))
    return _("%(bank)s: %(outcome)s", bank=about.bank, outcome=outcome), " · ".join(detail), look


def _clock(headline: Callable[[_About], str], look: str) -> Callable[[_About], _Told]:
    return lambda about: (headline(about), "", look)


def _plain(headline: Callable[[_About], str], look: str = "acc") -> Callable[[_About], _Told]:
    return lambda about: (headline(about), about.reason, look)


def _measure(about: _About) -> _Told:
    amount = f" {about.amount}" if about.line.amount_minor is not None else ""
    headline = _("asked: %(measure)s, %(account)s", measure=about.word("request_kind"), account=about.account)
    return headline + amount, about.reason, "acc"


def _appeal_decided(about: _About) -> _Told:
    upheld = _("objection upheld: %(account)s", account=about.account)
    dismissed = _("objection dismissed: %(account)s", account=about.account)
    return (upheld if about.line.is_yes else dismissed), "", "acc"


def _report(about: _About) -> _Told:
    return (_("another report joined the case") if about.line.is_yes else _("report accepted")), "", "acc"


_TELLERS: Final[Mapping[str, Callable[[_About], _Told]]] = MappingProxyType(
    {
        "ProcedureOpened": _plain(lambda _a: _("procedure opened")),
        "ReportAccepted": _report,
        "ReportSeparated": _plain(lambda _a: _("a report was given a case of its own")),
        "ReportForgotten": _plain(lambda _a: _("personal data of a report forgotten"), "gone"),
        "ClaimAdded": _claim,
        "ClaimConfirmed": _plain(lambda a: _("confirmed: %(account)s", account=a.account)),
        "ClaimDropped": _plain(lambda a: _("dropped: %(account)s", account=a.account), "gone"),
        "LeadResolved": _plain(lambda a: _("account found: %(account)s", account=a.account)),
        "RequestDelivered": _delivered,
        "ChannelMissing": _plain(lambda a: _("no channel reaches %(bank)s: hand over by hand", bank=a.bank), "soon"),
        "AnswerReceived": _answered,
        "AnswerSettled": _answered,
        "ReplyQuarantined": _plain(lambda a: _("message of %(bank)s set aside", bank=a.bank), "fix"),
        "ReminderAsked": _plain(lambda a: _("reminded %(bank)s", bank=a.bank)),
        "ClockReached.receipt": _clock(
            lambda a: _("%(bank)s has not received the request in time", bank=a.bank), "late"
        ),
        "ClockReached.answer": _clock(lambda a: _("%(bank)s has not answered in time", bank=a.bank), "late"),
        "ClockReached.reminder": _clock(lambda a: _("reminded %(bank)s by itself", bank=a.bank), "wait"),
        "ClockReached.ladder": _clock(lambda a: _("next call about %(bank)s is due", bank=a.bank), "late"),
        "ClockReached.task": _clock(lambda a: _("overdue: %(task)s", task=a.word("task")), "late"),
        "ClockReached.approval": _clock(
            lambda a: _(
                "expired unapproved: %(measure)s, %(account)s", measure=a.word("request_kind"), account=a.account
            ),
            "late",
        ),
        "ClockReached.stop_end": _clock(
            lambda a: _("the stop ended by itself: %(account)s", account=a.account), "gone"
        ),
        "ClockReached.stop_warning": _clock(lambda a: _("the stop ends soon: %(account)s", account=a.account), "soon"),
        "ClockReached.freeze_end": _clock(
            lambda a: _("the freeze ended by itself: %(account)s", account=a.account), "gone"
        ),
        "ClockReached.freeze_warning": _clock(
            lambda a: _("the freeze ends soon: %(account)s", account=a.account), "soon"
        ),
        "TaskCompleted": _plain(lambda a: _("done: %(task)s", task=a.word("task")), "done"),
        "TaskClaimed": _plain(lambda a: _("claimed: %(task)s", task=a.word("task"))),
        "TaskGivenBack": _plain(lambda a: _("given back: %(task)s", task=a.word("task"))),
        "TaskAssigned": _plain(lambda a: _("assigned: %(task)s", task=a.word("task"))),
        "TaskSnoozed": _plain(lambda a: _("put off: %(task)s", task=a.word("task"))),
        "TaskWoken": _plain(lambda a: _("taken up again: %(task)s", task=a.word("task"))),
        "MeasureAsked": _measure,
        "ApprovalGiven": _plain(
            lambda a: _("approved: %(measure)s, %(account)s", measure=a.word("request_kind"), account=a.account), "done"
        ),
        "ApprovalRefused": _plain(
            lambda a: _("refused: %(measure)s, %(account)s", measure=a.word("request_kind"), account=a.account), "gone"
        ),
        "CaseFiled": _plain(lambda _a: _("the authority filed the case"), "done"),
        "CaseNotFiled": _plain(lambda _a: _("the authority declined to file"), "gone"),
        "PapersFollowed": _plain(lambda a: _("papers handed in: %(account)s", account=a.account)),
        "ChaseExtended": _plain(lambda a: _("asked to follow deeper: %(account)s", account=a.account)),
        "AppealReceived": _plain(lambda a: _("the holder objected: %(account)s", account=a.account), "fix"),
        "AppealDecided": _appeal_decided,
        "DoubtRaised": _plain(lambda _a: _("for a person to look at"), "fix"),
    }
)


def tellers() -> frozenset[str]:
    """Return the kinds of entry that have words; a test walks the events with it."""
    return frozenset(_TELLERS)


def choices(codes: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return reasons as choices of a field."""
    return [(code, _REASONS[code]) for code in codes]
