"""One draft as its page shows it: what was understood, what is alike, what to ask, and the sentence to read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from markupsafe import Markup, escape

from antifraud.auth.people import Person
from antifraud.auth.service import Centre
from antifraud.banks.directory import BankChoice
from antifraud.cases.likeness import Found, Likeness
from antifraud.cases.pace import Pace
from antifraud.cases.views import CaseView
from antifraud.console.frame.shown import duration
from antifraud.console.reporting import phrases
from antifraud.console.reporting.likenesses import Likenesses
from antifraud.console.reporting.phrases import counted as ngettext
from antifraud.console.reporting.phrases import translated as _
from antifraud.console.reporting.race import Race
from antifraud.console.reporting.readback import name_of, readback
from antifraud.intake import typed
from antifraud.intake.drafting import PARTS, Transfer, Understood
from antifraud.intake.drafts import Conflict, Draft
from antifraud.intake.pasted import Pasted, read_paste
from workflows.state import Request

_SHARING: Final = ("共享", "屏幕", "远程", "会议", "anydesk", "teamviewer", "zoom", "share")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the pasted text; `label` is the field that it filled, if any."""

    text: str
    label: str | None


@dataclass(frozen=True)
class Sheet:
    """The draft, and everything that its page says of it."""

    draft: Draft
    centre: Centre
    me: Person
    editor: Person | None
    now: datetime
    banks: Sequence[BankChoice]
    understood: Understood
    found: Found | None
    pace: Pace | None = None
    case: CaseView | None = None
    conflicts: Sequence[Conflict] = ()
    people: Mapping[UUID, Person] = field(default_factory=dict)
    rows_wanted: int = 1
    refused: str | None = None

    @property
    def is_mine(self) -> bool:
        """Return whether who looks may type."""
        return self.draft.editor_id == self.me.id or self.is_sent

    @property
    def is_sent(self) -> bool:
        """Return whether the report was accepted."""
        return self.draft.state == "sent"

    @property
    def is_sending(self) -> bool:
        """Return whether a report was made and nobody knows yet that it was accepted."""
        return self.draft.frozen is not None

    @property
    def number(self) -> str:
        """Return the draft's number as it is said."""
        return f"{self.draft.no:04d}"

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.draft.values.get(name, "")

    # -- fields

    def error(self, name: str) -> str | None:
        """Return what is to be mended in a field."""
        code = self.understood.errors.get(name)
        return str(phrases.ERRORS.get(code, code)) if code else None

    def candidates(self, name: str) -> Sequence[BankChoice]:
        """Return the banks of which one must be chosen."""
        return self.understood.candidates.get(name, ())

    def row(self, number: int) -> Transfer | None:
        """Return a transfer by its row."""
        return next((one for one in self.understood.transfers if one.number == number), None)

    def oks(self, name: str) -> list[tuple[str, str]]:
        """Return what was seen to be right or doubtful in a field: (look, sentence)."""
        base, number = phrases.base_of(name)
        row = self.row(number)
        if base == "account" and row and row.account:
            return self._of_account(row)
        if base == "payer_account" and self.understood.payer_account:
            return _of_check(self.understood.payer_account)
        return []

    def _of_account(self, row: Transfer) -> list[tuple[str, str]]:
        account = row.account
        if account is None:
            return []
        told = _of_check(account)
        if account.number is None:
            told.append(("soon", _("only a part: no order can leave yet")))
        if row.bank is not None and row.bank_is_of_card:
            told.append(("done", self.bank_name(row.bank)))
        return told

    def hint(self, name: str) -> Markup:
        """Return the line under a field: how it was understood."""
        base, number = phrases.base_of(name)
        row = self.row(number)
        if base == "amount":
            return self._echo(row.amount_minor if row else None)
        if base == "time":
            return self._when(row.at if row else None)
        if base in {"bank", "payer_bank"}:
            bank = self.understood.payer_bank if base == "payer_bank" else row.bank if row else None
            typed_name = self.value(name).strip()
            return escape(self.bank_name(bank)) if bank and typed_name not in {"", self.bank_name(bank)} else Markup("")
        return Markup("")

    def _echo(self, minor: int | None) -> Markup:
        if minor is None or self.centre.currency != "CNY":
            return Markup("")
        number, unit = typed.in_wan(minor)
        return Markup('<span lang="zh-Hans">{}</span> <b class="num" lang="zh-Hans">{} {}</b>').format(
            typed.in_capitals(minor), number, unit
        )

    def _when(self, at: typed.Moment | None) -> Markup:
        if at is None:
            return Markup("")
        if at.bounds.precision == "day":
            return escape(_("The day alone is known: sent as a window, marked as approximate"))
        if not at.bounds.is_exact():
            return escape(_("Known to the hour only: sent as a window, marked as approximate"))
        return escape(_("%(length)s ago", length=duration(max(timedelta(), self.now - at.bounds.earliest))))

    def shown(self, name: str) -> str:
        """Return a field's value as it is written once it was understood; as typed where it was not."""
        base, number = phrases.base_of(name)
        row = self.row(number)
        text = self.value(name)
        if base == "account" and row and row.account:
            return row.account.shown
        if base == "payer_account" and self.understood.payer_account:
            return self.understood.payer_account.shown
        if base == "amount" and row and row.amount_minor is not None:
            return f"{row.amount_minor // 100:,}.{row.amount_minor % 100:02d}"
        if base == "bank" and row and row.bank and text.strip():
            return self.bank_name(row.bank)
        if base == "payer_bank" and self.understood.payer_bank and text.strip():
            return self.bank_name(self.understood.payer_bank)
        return text

    def bank_name(self, bank: BankChoice) -> str:
        """Return an institution's name in the reader's language."""
        return name_of(bank)

    def needs_bank(self, number: int) -> bool:
        """Return whether the bank of a row must be asked for, because no card says it."""
        row = self.row(number)
        name = "bank" if number == 1 else f"bank_{number}"
        return bool(self.value(name).strip()) or (row is not None and row.account is not None and row.bank is None)

    @property
    def rows(self) -> list[int]:
        """Return the further rows of transfers that are shown."""
        last = max((one.number for one in self.understood.transfers), default=1)
        return list(range(self.first_open_row, max(last, self.rows_wanted) + 1))

    @property
    def first_open_row(self) -> int:
        """Return the first row below the one that stands at the top."""
        return int(self.draft.marks.get("rows", 1)) + 1 if self.is_sent else 2

    # -- the bar

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Return what keeps the draft from being sent: (field, how it is called), in the order of asking."""
        names = [*self.understood.missing, *self.understood.blocking]
        return [(name, phrases.missing_of(name)) for name in sorted(names, key=_order)]

    @property
    def errors(self) -> dict[str, str]:
        """Return every field that must be mended, by the id of its control."""
        return {f"f-{name}": f"{phrases.label_of(name)}: {self.error(name)}" for name in self.understood.errors}

    @property
    def first(self) -> Transfer:
        """Return the first transfer."""
        return self.understood.transfers[0]

    @property
    def target_bank(self) -> str | None:
        """Return the institution that is asked, with how it is reached."""
        bank = self.first.bank
        return self.bank_name(bank) if bank else None

    @property
    def channel(self) -> str | None:
        """Return how the institution is reached, in a word."""
        bank = self.first.bank
        if bank is None:
            return None
        return _("direct line") if bank.channel in {"push", "pull", "portal"} else _("by hand: paper or telephone")

    @property
    def usual(self) -> str | None:
        """Return how long this institution takes, where anything was measured."""
        if self.pace is None or self.pace.answer is None:
            return None
        answer = _length(self.pace.answer)
        if self.pace.receipt is not None:
            receipt = _length(self.pace.receipt)
            return _("Median of 30 days: receipt %(receipt)s, answer %(answer)s.", receipt=receipt, answer=answer)
        return _("Median of 30 days: answer %(answer)s.", answer=answer)

    @property
    def is_merging(self) -> bool:
        """Return whether the report goes into a known case."""
        return bool(self.value("merge").strip())

    # -- paste

    @cached_property
    def paste(self) -> Pasted | None:
        """Return the pasted text as read."""
        text = self.value("paste")
        return read_paste(text) if text.strip() else None

    @property
    def marked(self) -> list[Piece]:
        """Return the pasted text in stretches, each found one with the name of its field."""
        found = self.paste
        if found is None:
            return []
        pieces, at = [], 0
        for one in found.pieces:
            pieces.append(Piece(found.text[at : one.start], None))
            pieces.append(Piece(found.text[one.start : one.end], str(phrases.MARKS[one.field])))
            at = one.end
        return [one for one in (*pieces, Piece(found.text[at:], None)) if one.text]

    @property
    def not_found(self) -> list[str]:
        """Return what the pasted text does not say."""
        return [str(phrases.MARKS[name]) for name in self.paste.missing] if self.paste else []

    # -- beside the form

    @property
    def matches(self) -> list[Likeness]:
        """Return the cases that may be about the same and were not put aside."""
        aside = set(self.value("different").split())
        return [one for one in self.found.matches if one.case_no not in aside] if self.found else []

    @property
    def clear(self) -> list[str]:
        """Return what was looked for and stands alone."""
        return [str(phrases.KINDS[kind]) for kind in self.found.clear] if self.found else []

    @property
    def failed(self) -> list[str]:
        """Return what could not be looked for."""
        return [str(phrases.KINDS[kind]) for kind in self.found.failed] if self.found else []

    @property
    def likenesses(self) -> Likenesses:
        """Return the sentences about what is alike."""
        return Likenesses(self.centre, self.now, self.first.amount_minor)

    @property
    def questions(self) -> list[str]:
        """Return what to ask, the most urgent first."""
        text = (self.value("paste") + self.value("narrative")).casefold()
        wanted = ["sharing"] if any(word in text for word in _SHARING) else []
        names = [phrases.base_of(name)[0] for name, _label in self.missing]
        wanted += [name for name in names if name in phrases.QUESTIONS]
        if not self.is_sent:
            wanted += [] if self.first.name else ["name"]
            wanted += [] if self.understood.payer_account else ["payer_account"]
        wanted += ["more"]
        wanted += [] if self.is_done("victim") or self.value("victim_name").strip() else ["victim"]
        wanted += [] if self.is_done("narrative") or self.value("narrative").strip() else ["narrative"]
        return [str(phrases.QUESTIONS[name]) for name in dict.fromkeys(wanted)]

    @property
    def readback(self) -> Markup | None:
        """Return the sentence to read aloud; None as long as one of the facts is not there."""
        return readback(self.understood, self.centre.zone)

    # -- after sending

    def is_done(self, part: str) -> bool:
        """Return whether a part was told to the case."""
        return part in self.draft.marks.get("done", {}) or (self.is_sent and self._was_sent(part))

    def _was_sent(self, part: str) -> bool:
        return part in (self.draft.marks.get("with", ()))

    @property
    def parts(self) -> list[str]:
        """Return what can be completed."""
        return list(PARTS)

    @property
    def done_count(self) -> int:
        """Return how many parts were told."""
        return sum(self.is_done(part) or (not self.is_sent and self._has(part)) for part in PARTS)

    def _has(self, part: str) -> bool:
        return any(self.value(name).strip() for name in PARTS[part])

    def part_state(self, part: str) -> tuple[str, str]:
        """Return look and word of a part of the list."""
        if self.is_done(part):
            return "done", _("told")
        fields = PARTS[part]
        filled = sum(bool(self.value(name).strip()) for name in fields)
        if part == "transfers":
            more = len([row for row in self.rows if (one := self.row(row)) is not None and not one.is_empty])
            return ("wait", ngettext("%(num)d more", "%(num)d more", more)) if more else ("idle", _("to ask"))
        if not filled:
            return "idle", _("to ask")
        if self.is_sent:
            return "wait", _("not told yet")
        return "done", _("goes along")

    @property
    def first_open_part(self) -> str | None:
        """Return the part that comes next after sending."""
        return next((part for part in PARTS if not self.is_done(part)), None)

    def due_of(self, request: Request) -> datetime | None:
        """Return the next instant by which something must come of a request; None once it is answered."""
        if self.case is None or request.answered_at is not None:
            return None
        return min((clock.due_at for clock in self.case.clocks if clock.subject_id == request.id), default=None)

    def account_of(self, request: Request) -> str:
        """Return the account that a request is about: its bank by name, and the tail."""
        holds = self.case.holds if self.case else ()
        label = next((hold.label for hold in holds if hold.id == request.hold_id), "")
        code, mark, tail = label.partition(" ··")
        bank = next((one for one in self.banks if one.code == code), None)
        return f"{self.bank_name(bank) if bank else code}{mark}{tail}"

    @property
    def race(self) -> Race:
        """Return how far the call is."""
        return Race(self.draft, self.now)

    # -- conflicts

    def conflict(self, one: Conflict) -> dict[str, Any]:
        """Return one conflict in words."""
        who = self.people.get(one.by)
        return {
            "field": one.field,
            "ours": one.ours,
            "theirs": one.theirs,
            "title": _(
                "%(name)s changed “%(field)s” %(length)s ago",
                name=who.name if who else _("somebody"),
                field=phrases.label_of(one.field),
                length=duration(max(timedelta(), self.now - one.at)),
            ),
        }


def _length(took: timedelta) -> str:
    return duration(took) if took >= timedelta(seconds=1) else _("under a second")


def _of_check(account: typed.TypedAccount) -> list[tuple[str, str]]:
    if account.check == "right":
        return [("done", _("check digit right"))]
    if account.check == "wrong":
        return [("soon", _("check digit does not fit: compare once more"))]
    return [("soon", _("a phone number: the wallet’s own number is safer"))] if account.scheme == "phone" else []


_FIELD_ORDER: Final = ("account", "bank", "payer_account", "payer_bank", "amount", "time", "name", "reference")


def _order(name: str) -> tuple[int, int]:
    base, row = phrases.base_of(name)
    return row, _FIELD_ORDER.index(base) if base in _FIELD_ORDER else len(_FIELD_ORDER)
