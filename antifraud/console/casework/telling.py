"""What an entry of the log says: one sentence a kind, with the words of the case as it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from antifraud.cases.dossier import Dossier
from antifraud.cases.story import Line
from antifraud.console.casework.wording import (
    account,
    actor,
    channel,
    institution,
    kind_of_request,
    reason,
    tier,
    version,
)
from antifraud.console.casework.wording import outcome as outcome_of
from antifraud.console.frame import shown, words
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from workflows.state import Hold


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the timeline: what happened, a second line, and how it looks."""

    headline: str
    detail: str
    look: str


def said(line: Line, dossier: Dossier, reports: Mapping[UUID, str]) -> Said:
    """Return an entry of the log in words; ``reports`` are the numbers of the case's reports by their ids."""
    hold = dossier.holds.get(line.hold_id) if line.hold_id else None
    about = _About(line, dossier, hold, reports)
    teller = _TELLERS.get(line.what)
    headline, detail, look = teller(about) if teller else (_("Entry: %(kind)s", kind=line.what), "", "acc")
    return Said(headline=headline, detail=" · ".join(part for part in (about.who, detail) if part), look=look)


class _About:
    """What an entry is about, in the words that its sentence needs."""

    def __init__(self, line: Line, dossier: Dossier, hold: Hold | None, reports: Mapping[UUID, str]) -> None:
        self.line = line
        self.dossier = dossier
        self.reports = reports
        self.definition = dossier.definition_of(hold.id) if hold else None
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

    @property
    def report(self) -> str:
        """The number of the report; a report that is not of the case any more has none here."""
        return self.reports.get(self.line.report_id, "") if self.line.report_id else ""

    @property
    def version(self) -> str:
        """The stored version that an entry names by its content."""
        return version(self.dossier, self.code)

    def account_of(self, hold_id: UUID | None) -> str:
        """Return the account of another hold of the case."""
        hold = self.dossier.holds.get(hold_id) if hold_id else None
        return account(self.dossier.label_of(hold)) if hold else account(None)

    def word(self, kind: str) -> str:
        if kind == "request_kind":
            return kind_of_request(self.definition, self.code)
        if kind == "outcome":
            return outcome_of(self.definition, self.code)
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


def _corrected(about: _About) -> _Told:
    headline = _(
        "wrong account corrected: %(account)s instead of %(wrong)s",
        account=about.account_of(about.line.other_hold_id),
        wrong=about.account,
    )
    return headline, _("the wrong one is released, the right one is asked"), "fix"


def _withdrawal_asked(about: _About) -> _Told:
    headline = _("report %(report)s is wanted back: %(side)s", report=about.report, side=words.word("side", about.code))
    return headline, _("to be verified; nothing is let go yet"), "fix"


def _withdrawal_decided(about: _About) -> _Told:
    if not about.line.is_yes:
        return _("report %(report)s stays: withdrawal refused", report=about.report), "", "gone"
    detail = ""
    if about.line.count:
        detail = ngettext(
            "%(num)d account stays: another report claims it",
            "%(num)d accounts stay: another report claims them",
            about.line.count,
        )
    return _("report %(report)s withdrawn: what nobody else claims is let go", report=about.report), detail, "done"


def _held_back(about: _About) -> _Told:
    detail = ngettext("%(num)d claim of another case", "%(num)d claims of other cases", about.line.count)
    return _("release held back, a person decides: %(account)s", account=about.account), detail, "fix"


def _release_decided(about: _About) -> _Told:
    go = _("release goes out all the same: %(account)s", account=about.account)
    keep = _("not released, kept for the other cases: %(account)s", account=about.account)
    return (go if about.line.is_yes else keep), "", "done"


def _condition(about: _About) -> _Told:
    what = words.word("condition", about.code)
    detail = _("since %(at)s", at=shown.instant(about.line.due_at)) if about.line.due_at else ""
    if about.label is None:
        return _("recorded for the whole case: %(what)s", what=what), detail, "done"
    return _("recorded: %(what)s, %(account)s", what=what, account=about.account), detail, "done"


def _superseded(about: _About) -> _Told:
    clock = words.word("clock", about.code) if about.code else _("a wait")
    was, now = shown.instant(about.line.was_due_at), shown.instant(about.line.due_at)
    headline = _("counted again with newer calendar data: %(clock)s", clock=clock)
    return headline, _("%(was)s becomes %(now)s", was=was, now=now), "soon"


def _moved_version(about: _About) -> _Told:
    moved = ngettext("%(num)d wait is counted anew", "%(num)d waits are counted anew", about.line.count)
    return _("goes on under %(version)s", version=about.version), moved, "done"


def _withdrawal_verified(about: _About) -> _Told:
    headline = _("withdrawal of report %(report)s verified", report=about.report)
    return headline, _("another person decides"), "acc"


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
        "ClockReached.answer_limit": _clock(
            lambda a: _("%(bank)s let the last limit of the answer pass", bank=a.bank), "late"
        ),
        "ClockReached.stop_review": _clock(
            lambda a: _("look again at the stop: %(account)s", account=a.account), "soon"
        ),
        "ClockReached.freeze_review": _clock(
            lambda a: _("look again at the freeze: %(account)s", account=a.account), "soon"
        ),
        "ClockReached.condition": _clock(
            lambda a: _("what keeps the hold did not come in time: %(account)s", account=a.account), "late"
        ),
        "ClockReached.condition_warning": _clock(
            lambda a: _("what keeps the hold is due soon: %(account)s", account=a.account), "soon"
        ),
        "ClockReached.queue_end": _clock(
            lambda a: _("the hold before ours ended: %(account)s", account=a.account), "soon"
        ),
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
        "ConditionMet": _condition,
        "ClockPaused": _plain(lambda a: _("answer limit of %(bank)s paused", bank=a.bank)),
        "ClockResumed": _plain(lambda a: _("answer limit of %(bank)s runs again", bank=a.bank), "wait"),
        "ClockSuperseded": _superseded,
        "ClaimCorrected": _corrected,
        "WithdrawalAsked": _withdrawal_asked,
        "WithdrawalVerified": _withdrawal_verified,
        "WithdrawalDecided": _withdrawal_decided,
        "ReleaseHeldBack": _held_back,
        "ReleaseDecided": _release_decided,
        "MigrationAsked": _plain(lambda a: _("asked: go on under %(version)s", version=a.version), "fix"),
        "DefinitionMigrated": _moved_version,
        "AppealReceived": _plain(lambda a: _("the holder objected: %(account)s", account=a.account), "fix"),
        "AppealDecided": _appeal_decided,
        "DoubtRaised": _plain(lambda _a: _("for a person to look at"), "fix"),
    }
)


def tellers() -> frozenset[str]:
    """Return the kinds of entry that have words; a test walks the events with it."""
    return frozenset(_TELLERS)
