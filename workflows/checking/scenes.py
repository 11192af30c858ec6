"""What is explored: the life of one hold, holds that depend on each other, the way of a request to a bank."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from workflows.events import Claim
from workflows.scheme import Definition
from workflows.state import Hold

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday; no rule may depend on it, and a path that is printed begins here."""
AMOUNT = 100_000
FRESH = timedelta(minutes=10)
ACCOUNTS = (UUID(int=0xA1), UUID(int=0xA2))
RECEIPTS = (UUID(int=0xB1), UUID(int=0xB2))
BANK = UUID(int=0xC1)
LEAD = UUID(int=0xD1)
HOLDS = tuple(UUID(int=0xE1 + number) for number in range(6))
APPEAL, WITHDRAWAL, REPORT, OTHER_CASE = (UUID(int=0xF1 + number) for number in range(4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One world: which claims may come, how many holds and measures, and how closely one looks.

    `is_reduced`: only what couples holds is tried. `second`: a report may name
    a second receipt in the same account. `hops`: how many accounts may follow
    from answers. `in_air`: how many measures of a hold may be open when a
    further one is asked for. `is_travel`: the way of a request is part of the
    state, and nothing else moves. `corrects`, `withdraws`, `others`: the
    centre's own error, the reporter's change of mind, other procedures.
    """

    name: str
    words: str
    in_air: int = 0
    is_reduced: bool = False
    second: bool = False
    hops: int = 0
    is_travel: bool = False
    files: bool = False
    declines: bool = False
    corrects: bool = False
    withdraws: bool = False
    others: bool = False


LIFE = Scene(name="life", words="the whole life of one hold", in_air=2, files=True, declines=True)
PAIR = Scene(name="pair", words="two receipts in one account", in_air=1, is_reduced=True, second=True, files=True)
CHAIN = Scene(
    name="chain",
    words="accounts that follow from answers, and back to the first one",
    is_reduced=True,
    hops=2,
    declines=True,
)
CORRECTION = Scene(name="correction", words="a wrong account, corrected", in_air=1, is_reduced=True, corrects=True)
WITHDRAWAL_OF_REPORT = Scene(
    name="withdrawal", words="a report that is taken back", in_air=1, is_reduced=True, withdraws=True, files=True
)
OTHERS = Scene(
    name="others",
    words="a release that another procedure stands against",
    in_air=1,
    is_reduced=True,
    others=True,
    declines=True,
)
TRAVEL = Scene(name="travel", words="the way of each kind of request", is_travel=True)
ALL = (LIFE, PAIR, CHAIN, CORRECTION, WITHDRAWAL_OF_REPORT, OTHERS, TRAVEL)


def asset_of(definition: Definition) -> str:
    """Return the asset in which claims are made: the first of the definition."""
    return min(definition.assets, default="CNY")


def claim(
    definition: Definition, number: int, at: datetime, *, account: int = 0, receipt: int = 0, tier: int = 1
) -> Claim:
    """Return the claim that opens the hold of that number."""
    return Claim(
        hold_id=HOLDS[number],
        account_id=ACCOUNTS[account],
        institution_id=BANK,
        lead_id=None,
        receipt_id=RECEIPTS[receipt],
        tier=tier,
        amount_minor=AMOUNT,
        asset=asset_of(definition),
        paid_at=at - FRESH,
        since=at,
    )


def whole(hold: Hold) -> int:
    """Return the amount that an answer holds in full."""
    return AMOUNT if hold.traced_minor is None else hold.traced_minor


def part(hold: Hold) -> int:
    """Return the amount that an answer holds in part."""
    return max(1, whole(hold) * 2 // 5)
