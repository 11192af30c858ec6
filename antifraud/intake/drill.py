"""A published case made playable: moved to now, with invented accounts, and with what the banks are to do.

Everything added is invented and says so; everything that the source told (amounts, who stopped what, after how long) is
kept. Where the source is silent, the drill assumes, and ``assumed`` names what.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import resources
from typing import Any, Final, Literal, NamedTuple, cast

from antifraud.banks.checksums import luhn_digit
from antifraud.foundation.money import to_json
from antifraud.foundation.times import TimeBounds, parse_time

Outcome = Literal["full", "partial", "gone", "moved_on", "silent"]
DEFAULT_ANSWER_SECONDS: Final = 600
DEFAULT_DELAY: Final = timedelta(minutes=30)
DEFAULT_MINOR: Final = 1_000_000
_NUMBER_LENGTH: Final = 19
_STOPPED: Final = frozenset({"stopped_all", "recalled_all", "prevented", "stopped_then_lapsed"})
_GONE: Final = frozenset({"not_stopped", "refunded_part"})


@dataclass(frozen=True, slots=True)
class DrillInstitution:
    """A simulated institution of an invented name; ``bin_prefix`` begins its card numbers."""

    code: str
    bin_prefix: str


class Move(NamedTuple):
    """Money that has left an account before the stop came."""

    to_institution: str
    to_number: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AccountScript:
    """What one account's bank finds and answers; ``assumed`` names what the source did not tell.

    ``after_seconds`` counts from the request; ``silent`` means that no answer ever comes.
    """

    institution: str
    number: str
    holder: str
    balance_minor: int
    asset: str
    moves: tuple[Move, ...]
    outcome: Outcome
    held_minor: int
    after_seconds: int
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompletedCase:
    """A native report that can be sent now, and a script for every suspect account in it or behind it."""

    document: dict[str, object]
    scripts: tuple[AccountScript, ...]


@dataclass(slots=True)
class _Account:
    """A suspect account while its script is worked out."""

    hop: int
    published: str | None
    institution: str
    number: str
    holder: str
    amount: int
    assumed: set[str]
    children: list[_Account] = field(default_factory=list)
    held: int | None = None
    seconds: int | None = None


@functools.cache
def _hops() -> Mapping[str, Sequence[int]]:
    text = resources.files("antifraud.intake").joinpath("data", "drill-hops.json").read_text(encoding="ascii")
    return cast("dict[str, list[int]]", json.loads(text))


def completed(
    case: Mapping[str, object], *, now: datetime, accounts: Sequence[DrillInstitution], play: str = ""
) -> CompletedCase:
    """Return a published case as a native report of now, with scripts for the simulated banks.

    Numbers and holders depend on the case and ``play`` alone, so that a second play meets the same accounts unless it
    is named otherwise; ``source_ref`` and references depend on ``now`` too, so that it is another payment.

    Args:
        case: A case that the profile ``published-case`` accepts.
        now: The instant that the report is made at.
        accounts: The institutions at which the accounts lie, at least one; they are used in turn.
        play: A name; another one gives other accounts.
    """
    made = _Play(cast("Mapping[str, Any]", case), now.astimezone(UTC), tuple(accounts), play)
    nodes = made.suspects()
    _link(nodes)
    _apply_stops(made, nodes)
    document = made.document([node for node in nodes if node[1].hop == 1])
    deepest = max((node.hop for _, node in nodes), default=1)
    return CompletedCase(document, tuple(_script(made, node, deepest) for _, node in nodes))


class _Play:
    """One case at one instant: what is invented for it, always the same way."""

    def __init__(
        self, case: Mapping[str, Any], now: datetime, institutions: tuple[DrillInstitution, ...], name: str
    ) -> None:
        self.case, self.now, self.institutions, self.name = case, now, institutions, name
        self.id = str(case["id"])
        self.counts: Mapping[str, Any] = case.get("counts") or {}
        self.currency = str(case.get("currency") or "CNY")
        self.reported = self._time(case.get("reported_at"))
        self._turn = itertools.count(self.draw("institution"))
        self._codes: dict[str, DrillInstitution] = {}

    def draw(self, label: str) -> int:
        return int.from_bytes(sha256(f"{self.id}|{label}|{self.name}".encode()).digest()[:8], "big")

    def institution(self, published: str | None) -> DrillInstitution:
        if published is not None and published in self._codes:
            return self._codes[published]
        chosen = self.institutions[next(self._turn) % len(self.institutions)]
        if published is not None:
            self._codes[published] = chosen
        return chosen

    def number(self, institution: DrillInstitution, label: str) -> str:
        free = _NUMBER_LENGTH - 1 - len(institution.bin_prefix)
        digits = institution.bin_prefix + str(self.draw(label) % 10**free).rjust(free, "0")
        return digits + luhn_digit(digits)

    def suspects(self) -> list[tuple[int, _Account]]:
        rows: list[Mapping[str, Any]] = list(self.case.get("transfers") or [])
        hops = _hops().get(self.id) or [1] * len(rows)
        found = []
        for index, (row, hop) in enumerate(zip(rows, hops, strict=True)):
            if hop:
                published = (row.get("to") or {}).get("institution")
                where = self.institution(published)
                amount, assumed = self._amount(row, rows)
                account = _Account(
                    hop=hop,
                    published=published,
                    institution=where.code,
                    number=self.number(where, f"payee|{index}"),
                    holder=f"演练收款人{self.draw(f'holder|{index}') % 10_000:04d}",
                    amount=amount,
                    assumed=assumed,
                )
                found.append((index, account))
        return found

    def _amount(self, row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> tuple[int, set[str]]:
        if row.get("amount_minor"):
            return int(row["amount_minor"]), set()
        total = self.counts.get("total_minor")
        known = sum(one.get("amount_minor") or 0 for one in rows)
        if total is not None and total > known and sum(not one.get("amount_minor") for one in rows) == 1:
            return int(total) - known, set()
        stops: list[Mapping[str, Any]] = list(self.case.get("stops") or [])
        told = (self.case.get("returned_minor"), *(stop.get("amount_minor") for stop in stops), known)
        least = next((int(amount) for amount in told if amount), DEFAULT_MINOR)
        # What was saved is told, what was lost is not: where only a part was saved, the loss was more.
        return least * 2 if self.case.get("outcome") == "stopped_part" else least, {"amount"}

    def _time(self, value: object) -> TimeBounds | None:
        return parse_time(value, cast("str | None", self.case.get("zone"))) if value else None

    def document(self, first: Sequence[tuple[int, _Account]]) -> dict[str, object]:
        victim = f"演练受害人{self.draw('victim') % 10_000:04d}"
        stamp = f"{self.now:%Y%m%dT%H%M%S}"
        return {
            "source_ref": f"drill-{self.id}-{stamp}",
            "channel": "drill",
            "reported_at": self.now.isoformat(timespec="microseconds"),
            "currency": self.currency,
            "fraud_type": self.case.get("fraud_type"),
            "narrative": self.case.get("narrative"),
            "place": self.case.get("place"),
            "victim": {"name": victim, "relation": "self"},
            "transfers": [self._transfer(index, node, victim, stamp) for index, node in first],
            "authority": {
                "name": "演练指挥中心",
                "officer": "演练警员",
                "basis": "drill: without any legal effect",
                "documents": [f"DRILL-{self.draw('document') % 10**8:08d}"],
            },
        }

    def _transfer(self, index: int, node: _Account, victim: str, stamp: str) -> dict[str, object]:
        row: Mapping[str, Any] = self.case["transfers"][index]
        payer = self.institution((row.get("from") or {}).get("institution"))
        return {
            "from": {"institution": payer.code, "number": self.number(payer, "payer"), "holder": victim},
            "to": {"institution": node.institution, "number": node.number, "holder": node.holder},
            "amount": to_json(node.amount),
            "currency": row.get("currency") or self.currency,
            "at": self._moved(row.get("at")).isoformat(timespec="microseconds"),
            "reference": f"DR{stamp}{self.draw(f'reference|{index}') % 10**8:08d}",
            "reference_institution": payer.code,
            "hop": 1,
            "note": row.get("note"),
        }

    def _moved(self, value: object) -> datetime:
        """Return a payment's instant as long before now as it lay before the report, where both are known."""
        paid = self._time(value)
        delay = DEFAULT_DELAY
        if self.counts.get("report_delay_seconds") or self.counts.get("report_delay_days"):
            delay = timedelta(
                days=self.counts.get("report_delay_days", 0), seconds=self.counts.get("report_delay_seconds", 0)
            )
        elif paid and self.reported and paid.is_exact() and self.reported.precision not in {"day", "month", "year"}:
            delay = self.reported.earliest - paid.earliest
        return self.now - max(delay, timedelta(minutes=1))

    def seconds(self, stop: Mapping[str, Any]) -> int | None:
        """Return how long after the report a stop was made, where it was published."""
        if stop.get("seconds_after_report"):
            return int(stop["seconds_after_report"])
        at = self._time(stop.get("at"))
        if at and self.reported and at.is_exact() and self.reported.is_exact() and at.earliest > self.reported.earliest:
            return int((at.earliest - self.reported.earliest).total_seconds())
        return None


def _link(nodes: Sequence[tuple[int, _Account]]) -> None:
    """Hang each later hop under the account before it: the one at the bank that the source names, else the last."""
    for position, (_, node) in enumerate(nodes):
        above = [one for _, one in nodes[:position] if one.hop == node.hop - 1]
        if above:
            above[-1].children.append(node)
    for _, node in nodes:
        free = node.amount
        for place, child in enumerate(node.children):
            share = free // (len(node.children) - place)
            if "amount" in child.assumed or child.amount > free:
                child.amount = share
            free -= child.amount


def _apply_stops(play: _Play, nodes: Sequence[tuple[int, _Account]]) -> None:
    leaves = [node for _, node in nodes if not node.children]
    outcome = str(play.case.get("outcome") or "unknown")
    for stop in play.case.get("stops") or []:
        named = [leaf for leaf in leaves if leaf.published is not None and leaf.published == stop.get("institution")]
        wanted = named or [leaf for leaf in leaves if leaf.published is None] or leaves
        amount = play.counts.get("stopped_of_this_case_minor") or stop.get("amount_minor")
        if "stop_currency" in play.counts:
            amount = None
        if amount is None:
            _assume(wanted, outcome, play.case.get("returned_minor"))
        else:
            _allot(wanted, amount)
        for leaf in wanted:
            leaf.seconds = leaf.seconds or play.seconds(stop)
    for leaf in leaves:
        if leaf.held is None and outcome in _STOPPED:
            leaf.held = leaf.amount
            leaf.assumed.add("held")


def _assume(leaves: Sequence[_Account], outcome: str, returned: int | None) -> None:
    """Hold what must have been held where a stop was published without its amount: nothing, what came back, or all."""
    for leaf in (leaf for leaf in leaves if leaf.held is None):
        if outcome in _GONE:
            leaf.held = 0
        elif outcome == "stopped_part":
            leaf.held = min(returned or leaf.amount // 2, leaf.amount)
        else:
            leaf.held = leaf.amount
        leaf.assumed.add("held")


def _allot(leaves: Sequence[_Account], amount: int) -> None:
    """Spread one published stop over the accounts that it may mean; more than they hold was other victims' money."""
    exact = [leaf for leaf in leaves if leaf.held is None and leaf.amount == amount]
    for leaf in exact[:1] or leaves:
        part = min(amount, leaf.amount - (leaf.held or 0))
        if part > 0:
            leaf.held = (leaf.held or 0) + part
            amount -= part


def _script(play: _Play, node: _Account, deepest: int) -> AccountScript:
    seconds = node.seconds or max((child.seconds or 0 for child in _below(node)), default=0)
    assumed = set(node.assumed)
    if not seconds:
        assumed.add("after_seconds")
    script = AccountScript(
        institution=node.institution,
        number=node.number,
        holder=node.holder,
        balance_minor=node.amount,
        asset=play.currency,
        moves=tuple(Move(child.institution, child.number, child.amount) for child in node.children),
        outcome="full",
        held_minor=node.amount,
        after_seconds=max(1, (seconds or DEFAULT_ANSWER_SECONDS) // deepest),
        assumed=(),
    )
    if node.children:
        left = node.amount - sum(move.amount_minor for move in script.moves)
        assumed |= {"held"} if left else set()
        outcome: Outcome = "partial" if left else "moved_on"
        return replace(script, outcome=outcome, balance_minor=left, held_minor=left, assumed=tuple(sorted(assumed)))
    held = node.held
    if held is None:
        silent = play.case.get("outcome") in {None, "unknown"}
        balance = node.amount if silent else 0
        outcome = "silent" if silent else "gone"
        assumed.add("outcome")
        return replace(script, outcome=outcome, balance_minor=balance, held_minor=0, assumed=tuple(sorted(assumed)))
    outcome = "full" if held >= node.amount else "partial" if held else "gone"
    return replace(script, outcome=outcome, balance_minor=held, held_minor=held, assumed=tuple(sorted(assumed)))


def _below(node: _Account) -> list[_Account]:
    return [found for child in node.children for found in (child, *_below(child))]
