"""Money in a trail: sums that always add up, in whole minor units. Pure; imports the standard library only.

`parts` what came in is found again; `resting` each unit counted once; `hops`
what time and circles say of a trail; `tracing` whose money left a mixed
account; `division` one sum between several; `returns` notices of money given
back; `valuation` one figure for several assets.
"""

from workflows.money.division import RULES, Allocation, Rule, Share, in_proportion, propose_allocation
from workflows.money.hops import Hop, after_order, again, circles, impossible
from workflows.money.parts import Difference, Parts, PartsDoNotAddUp, above_balance, check_parts, difference_of
from workflows.money.resting import Resting, at_rest
from workflows.money.returns import Judged, ReturnNotice, judge_return
from workflows.money.tracing import METHODS, Method, Movement, Tracing, trace
from workflows.money.valuation import Rate, Valuation, Valued, value, valued

__all__ = [
    "METHODS",
    "RULES",
    "Allocation",
    "Difference",
    "Hop",
    "Judged",
    "Method",
    "Movement",
    "Parts",
    "PartsDoNotAddUp",
    "Rate",
    "Resting",
    "ReturnNotice",
    "Rule",
    "Share",
    "Tracing",
    "Valuation",
    "Valued",
    "above_balance",
    "after_order",
    "again",
    "at_rest",
    "check_parts",
    "circles",
    "difference_of",
    "impossible",
    "in_proportion",
    "judge_return",
    "propose_allocation",
    "trace",
    "value",
    "valued",
]
