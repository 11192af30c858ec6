"""`[correction]` and `[withdrawal]`: what the centre may take back by itself, and who may take a report back."""

from typing import NamedTuple

from workflows.clocks import Length
from workflows.language.reading import Reading


class TakenBack(NamedTuple):
    """What the two tables say."""

    correction_grace: Length | None
    withdrawal_sides: tuple[str, ...]


def taken_back(reading: Reading) -> TakenBack:
    """Read both tables; without `[correction]` every release of our own error wants a second person."""
    correction = reading.root.table("correction", optional=True)
    grace = correction.length("grace", optional=True)
    if grace is not None:
        reading.sourced(correction)
    correction.close()
    withdrawal = reading.root.table("withdrawal")
    sides = withdrawal.coded("sides")
    if not sides:
        withdrawal.fault("sides", "must name who may take a report back, such as victim")
    reading.sourced(withdrawal)
    withdrawal.close()
    return TakenBack(grace, sides)
