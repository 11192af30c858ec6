"""What is explored: a life of one hold, two holds of one account, a chain of accounts, the way of a request."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from workflows.events import Claim
from workflows.scheme import Definition

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday; no rule may depend on it, and a path that is printed begins here."""
AMOUNT = 100_000
PART = 40_000
FRESH = timedelta(minutes=10)
ACCOUNTS = (UUID(int=0xA1), UUID(int=0xA2))
RECEIPTS = (UUID(int=0xB1), UUID(int=0xB2))
BANK = UUID(int=0xC1)
LEAD = UUID(int=0xD1)
HOLDS = tuple(UUID(int=0xE1 + number) for number in range(4))
APPEAL = UUID(int=0xF1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One world: which claims may come, how many holds and measures, and how closely one looks.

    `is_reduced`: only what couples holds is tried. `second`: a report may name
    a second receipt in the same account. `hops`: how many accounts may follow
    from answers. `in_air`: how many measures of a hold may be open when a
    further one is asked for. `is_travel`: the way of a request is part of the
    state, and nothing else moves.
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


LIFE = Scene(name="life", words="the whole life of one hold", in_air=2, files=True, declines=True)
PAIR = Scene(name="pair", words="two receipts in one account", in_air=1, is_reduced=True, second=True, files=True)
CHAIN = Scene(
    name="chain",
    words="accounts that follow from answers, and back to the first one",
    is_reduced=True,
    hops=2,
    declines=True,
)
TRAVEL = Scene(name="travel", words="the way of each kind of request", is_travel=True)


def claim(number: int, at: datetime, *, account: int = 0, receipt: int = 0, tier: int = 1) -> Claim:
    """Return the claim that opens the hold of that number."""
    return Claim(
        hold_id=HOLDS[number],
        account_id=ACCOUNTS[account],
        institution_id=BANK,
        lead_id=None,
        receipt_id=RECEIPTS[receipt],
        tier=tier,
        amount_minor=AMOUNT,
        asset="CNY",
        paid_at=at - FRESH,
        since=at,
    )


def first_claims(definition: Definition, at: datetime) -> Iterator[tuple[str, Claim]]:
    """Yield each way in which money on an account may come to be claimed, with its words."""
    plain = claim(0, at)
    yield "a report names the account that received the money", plain
    yield "a report names an account that is in doubt", replace(plain, doubts=("checksum",))
    lead = replace(plain, account_id=None, institution_id=None, lead_id=LEAD)
    yield "a report tells of money whose account is not known", lead
    beyond = replace(plain, tier=definition.chase_depth + 1)
    yield f"an account of tier {beyond.tier} is named, beyond the depth of the chase", beyond
    for urgency in definition.urgencies[1:]:
        younger = [line.younger_than.absolute() for line in definition.urgencies if line.younger_than is not None]
        age = urgency.younger_than.absolute() - FRESH if urgency.younger_than else max([*younger, FRESH]) + FRESH
        yield f"a report names an account that received the money {age} ago", replace(plain, paid_at=at - age)
    yield (
        "a report names an account, and does not say how much or when",
        replace(plain, amount_minor=None, paid_at=None),
    )
    yield "a report names an account of the second tier", replace(plain, tier=2)
