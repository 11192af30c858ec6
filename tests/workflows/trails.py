"""Trails whose truth is known: every unit of money is a thing of its own that moves from account to account."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from workflows.money import Hop

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
VICTIM = "victim"


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@dataclass
class Trail:
    """What happened: `hops` as they would be told, `rest` where each unit lies in the end, `out` what left."""

    hops: list[Hop] = field(default_factory=list)
    rest: dict[str, int] = field(default_factory=dict)
    withdrawn: dict[str, int] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)

    @property
    def loss(self) -> int:
        return sum(hop.amount or 0 for hop in self.hops if hop.source == VICTIM)


@st.composite
def trails(draw: st.DrawFn) -> Trail:
    """Draw a trail with splits, second receipts and circles; money never leaves before it came."""
    trail = Trail()
    places = [f"a{number}" for number in range(draw(st.integers(1, 5)))]
    have = dict.fromkeys(places, 0)
    for step in range(draw(st.integers(1, 14))):
        full = [place for place in places if have[place]]
        source = draw(st.sampled_from([VICTIM, *full]))
        most = 9 if source == VICTIM else have[source]
        amount = draw(st.integers(1, most))
        ways = ["hop"] if source == VICTIM else ["hop", "hop", "withdrawn", "spent"]
        way = draw(st.sampled_from(ways))
        if source != VICTIM:
            have[source] -= amount
        if way == "withdrawn":
            trail.withdrawn[source] = trail.withdrawn.get(source, 0) + amount
        elif way == "spent":
            trail.spent[source] = trail.spent.get(source, 0) + amount
        else:
            target = draw(st.sampled_from([place for place in places if place != source] or places))
            have[target] += amount
            hop = Hop(
                id=f"h{step:02d}",
                source=source,
                target=target,
                amount=amount,
                asset="CNY",
                earliest_at=at(step),
                latest_at=at(step),
            )
            trail.hops.append(hop)
    trail.rest = have
    return trail
