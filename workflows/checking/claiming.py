"""Each way in which money on an account may come to be claimed: in doubt, as a lead, in each lane, fresh and old."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

from workflows.checking import scenes
from workflows.events import Claim
from workflows.scheme import Definition
from workflows.scheme_rules import Lane

_LONG = timedelta(days=4_000)
_SECOND = timedelta(seconds=1)


def first_claims(definition: Definition, at: datetime) -> Iterator[tuple[str, Claim]]:
    """Yield each way with its words: the plain one first, then what makes a difference to some rule."""
    plain = plain_claim(definition, at)
    yield "a report names the account that received the money", plain
    yield "a report names an account that is in doubt", replace(plain, doubts=("checksum",))
    lead = replace(plain, account_id=None, institution_id=None, lead_id=scenes.LEAD)
    yield "a report tells of money whose account is not known", lead
    beyond = replace(plain, tier=definition.chase_depth + 1)
    yield f"an account of tier {beyond.tier} is named, beyond the depth of the chase", beyond
    for age in _ages(definition):
        yield f"a report names an account that received the money {age} ago", replace(plain, paid_at=at - age)
    yield "a report names an account, and not how much or when", replace(plain, amount_minor=None, paid_at=None)
    yield "a report names an account of the second tier", replace(plain, tier=2)
    yield "a report names an account abroad", replace(plain, cross_border=True)
    yield "somebody who may not ask names an account", replace(plain, asked_by="nobody")
    for kind in sorted(definition.refuse_whole):
        yield f"a report names an account of the kind {kind}", replace(plain, account_kind=kind)
    for lane in definition.lanes.values():
        if definition.lane_of(plain) is not lane and (found := in_lane(definition, lane, plain)) is not None:
            yield f"a report of the lane {lane.code} names an account", found


def plain_claim(definition: Definition, at: datetime) -> Claim:
    """Return a claim without any doubt, in the first lane that sends something by itself, if there is one."""
    plain = scenes.claim(definition, 0, at)
    for lane in definition.lanes.values():
        if lane.mode == "order" and (found := in_lane(definition, lane, plain)) is not None:
            return found
    return plain


def in_lane(definition: Definition, lane: Lane, plain: Claim) -> Claim | None:
    """Return a claim that the definition takes in ``lane``; None where an earlier lane takes them all."""
    if definition.lane_of(plain) is lane:
        return plain
    gates = [other.gates for other in definition.lanes.values()]
    bounds = {bound for gate in gates for bounds in (gate.amount_from, gate.amount_to) for bound in bounds.items()}
    amounts = [(plain.asset, plain.amount_minor or scenes.AMOUNT)]
    amounts += [(asset, amount + more) for asset, amount in sorted(bounds) for more in (0, 1, -1) if amount + more > 0]
    limits = [gate.paid_within.absolute() for gate in gates if gate.paid_within is not None]
    ages = [scenes.FRESH, *(limit + _SECOND for limit in limits), *(limit - _SECOND for limit in limits)]
    reasons = [None, *sorted({reason for gate in gates for reason in gate.reasons})]
    references = [(), *sorted({tuple(sorted(gate.references)) for gate in gates if gate.references})]
    kinds = [None, *sorted({kind for gate in gates for kind in gate.account_kinds})]
    for (asset, amount), age, reason, reference, kind, abroad in product(
        amounts, ages, reasons, references, kinds, (None, True, False)
    ):
        found = replace(
            plain,
            asset=asset,
            amount_minor=amount,
            paid_at=plain.since - age,
            reason=reason,
            references=reference,
            account_kind=kind,
            cross_border=abroad,
        )
        if definition.lane_of(found) is lane:
            return found
    return None


def _ages(definition: Definition) -> Iterator[timedelta]:
    """Yield an age of the money for each urgency, but that of fresh money."""
    limits = [line.younger_than.absolute() for line in definition.urgencies if line.younger_than is not None]
    for urgency in definition.urgencies[1:]:
        if urgency.younger_than is not None:
            yield urgency.younger_than.absolute() - _SECOND
        else:
            yield max([*limits, scenes.FRESH]) + scenes.FRESH
    yield _LONG
