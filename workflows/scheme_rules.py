"""The rules of a scheme beside its clocks, once read: roles, lanes, following, obligations, splits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from workflows.clocks import Length, TimeBox
from workflows.events import Claim

ROLES = frozenset({"stop", "second_stop", "extend", "freeze", "release", "return", "query", "notice"})
"""What a request is for. Kinds are codes of a definition; the engine asks for their role and for nothing else."""
STOPS = frozenset({"stop", "second_stop"})
"""Roles that begin a stop term."""
BEGINNING = frozenset({"stop", "second_stop", "freeze"})
"""Roles that may open a hold, or open it again."""
REVIVING = frozenset({"freeze", "second_stop", "extend"})
"""Roles whose answer counts although the stop has lapsed meanwhile."""
KEEPING = frozenset({*BEGINNING, "extend"})
"""Roles that have money kept: their message says where no money may come in either."""
ASKERS = frozenset({"victim", "victim_bank", "police_centre", "fiu", "foreign_centre", "bank", "supervisor"})
"""Who may ask for a measure."""
SCOPES = frozenset({"whole", "amount"})
"""What is stopped: the account, or an amount in it."""
OBJECTORS = frozenset({"holder", "victim", "authority"})
FORCES = frozenset({"order", "rule", "trust"})
"""What binds an institution: an order of law, a rule of the scheme that it joined, or only a request."""
ACCOUNTS = frozenset({"payee", "payer"})
"""Whose account is stopped: the receiver's, or the victim's own."""
ACCOUNT_KINDS = frozenset({"personal", "corporate", "wallet", "merchant", "pooled", "settlement", "chain_address"})
FOLLOWING = frozenset({"automatic", "one_click", "person"})
CHAINS = frozenset({"centre", "bank_to_bank"})
"""Who asks the next institution: the centre, or the one that moved the money."""
LANE_MODES = frozenset({"order", "confirm", "elsewhere"})
"""What a lane does with a claim: ask at once, after a person's look, or not under this definition."""
TOLD = ("account", "holder", "amount", "paid_at", "reference", "authority", "documents")
"""The facts that a request may tell an institution."""
LEAST_TOLD = ("account", "amount", "authority")
"""What is told where a definition says nothing."""
MARKS = frozenset({"excluded", "withdrawn", "spent", "moved_on"})
"""What an outcome says beside the hold: it does not count, or where the money went."""
OBLIGED = frozenset({"sending_bank", "partner_centre", "acquirer", "issuer", "regulator", "victim"})
OCCASIONS = frozenset({"claimed", "cross_border", "moved_on", "withdrawn", "spent", "held", "released"})
"""When somebody beside the institution that holds the money must be told."""
FACTS = frozenset({"dispatch", "delivery", "answer", "answer_limit", "claim", "hold", "conversion"})
"""The facts that timeliness is counted from."""
OBJECTION_EFFECTS = frozenset({"release", "partial"})
SPLITS = frozenset({"lifo", "fifo", "pro_rata", "court", "none"})
"""How held money is shared between victims."""
POOLED = "pooled_account"
"""The doubt about a whole-account order to an account that holds many people's money."""
NOT_ENTITLED = "not_entitled"
"""The doubt about a claim that somebody made who may not ask under the scheme."""


def _no_amounts() -> Mapping[str, int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What must be true of a claim for a lane to take it; a gate that is not set holds always.

    Amounts are minor units by asset, both bounds allowed. A fact that is not
    known satisfies no gate, but for the age: unknown age counts as fresh.
    """

    amount_from: Mapping[str, int] = field(default_factory=_no_amounts)
    amount_to: Mapping[str, int] = field(default_factory=_no_amounts)
    paid_within: Length | None = None
    cross_border: bool | None = None
    reasons: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    account_kinds: frozenset[str] = frozenset()

    def admit(self, claim: Claim) -> bool:
        """Tell whether every gate holds; the age counts from the payment to the acceptance, in elapsed time."""
        return (
            self._of_amount(claim)
            and self._of_age(claim.paid_at, claim.since)
            and self.of_place(claim)
            and (not self.reasons or claim.reason in self.reasons)
            and self.references <= set(claim.references)
        )

    def of_place(self, claim: Claim) -> bool:
        """Tell whether the gates hold that depend on where the money is now, not on the report."""
        if self.cross_border is not None and claim.cross_border is not self.cross_border:
            return False
        return not self.account_kinds or claim.account_kind in self.account_kinds

    def _of_amount(self, claim: Claim) -> bool:
        if not (self.amount_from or self.amount_to):
            return True
        amount, asset = claim.amount_minor, claim.asset
        if amount is None or asset not in {*self.amount_from, *self.amount_to}:
            return False
        return self.amount_from.get(asset, amount) <= amount <= self.amount_to.get(asset, amount)

    def _of_age(self, paid_at: datetime | None, since: datetime) -> bool:
        return self.paid_within is None or paid_at is None or since - paid_at <= self.paid_within.absolute()

    @property
    def open(self) -> bool:
        """Tell whether every claim passes."""
        return self == _OPEN


_OPEN = Gates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What is done with the claims that a scheme takes in one way; None leaves it to the scheme's own rule.

    `first` is the kind of request that is sent, `approval` overrides that of
    the kind, `task` is what a person does where nothing is sent.
    """

    code: str
    gates: Gates = _OPEN
    mode: str = "order"
    first: str | None = None
    scope: str | None = None
    money_in: bool | None = None
    approval: str | None = None
    task: str | None = None
    title_zh: str = ""
    title_en: str = ""


ONLY_LANE = Lane(code="standard")
"""The lane of a scheme that names none."""


def _only_lane() -> Mapping[str, Lane]:
    return MappingProxyType({ONLY_LANE.code: ONLY_LANE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """How a chase goes deeper than the scheme's depth: by how many tiers at a time, and up to which tier."""

    by: int
    limit: int
    approval: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """A duty towards somebody who is not asked to hold money; its task's due instant is its clock."""

    code: str
    to: str
    when: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """The account holder's right: who may object, the task that decides it, and what an upheld one does."""

    who: tuple[str, ...]
    task: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How money that several victims claim is shared, and how long the announcement of it runs."""

    method: str
    notice: TimeBox | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The tables that a scheme may leave out; what stands here is what holds without them."""

    assets: frozenset[str] = frozenset()
    summary_zh: str = ""
    summary_en: str = ""
    force: str = "order"
    account: str = "payee"
    refuse_whole: frozenset[str] = frozenset()
    clocks_differ: Length | None = None
    chain: str = "centre"
    told: TimeBox | None = None
    extension: Extension | None = None
    lanes: Mapping[str, Lane] = field(default_factory=_only_lane)
    obligations: tuple[Obligation, ...] = ()
    objection: Objection | None = None
    split: Split | None = None
    counts: frozenset[str] = FACTS

    @property
    def duty_tasks(self) -> frozenset[str]:
        """The tasks of the obligations: none of them says what becomes of a hold."""
        return frozenset(duty.task for duty in self.obligations)
