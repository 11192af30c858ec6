"""What may be wrong with a definition: one code for each property, and the shortest way to where it fails."""

from dataclasses import dataclass

from workflows.checking.moves import Move

PROPERTIES = {
    "no_wait_without_clock": "Whatever waits has a clock: a live hold, an open request, an open approval.",
    "clock_without_effect": "A clock that comes due changes something or asks somebody.",
    "hold_without_end": "Time alone leads a live hold to its end, or to a person who can decide.",
    "dead_end": "An open procedure can always be brought to its end.",
    "unreachable": "Every state of a hold, request, outcome, task and clock that the file names is reached.",
    "release_unconfirmed": "Nothing is released or returned that no institution ever confirmed to hold.",
    "outcome_unhandled": "Every outcome is taken in every state that waits for it, and leads somewhere.",
    "event_unhandled": "Every other event is taken, or refused with its reason.",
    "chase_unbounded": "Answers alone do not open accounts without end: a person is asked.",
    "no_conversion_before_lapse": "A confirmed stop can become a freeze before it ends, and is warned of in time.",
    "approval_by_same_person": "Nobody approves what he asked for himself.",
    "double_release": "A hold is not being released twice at once.",
    "receipt_claimed_twice": "One receipt has at most one live hold.",
}
"""Every property, in the order in which it is printed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A property that does not hold: `path` are the events that lead there, from an unopened procedure."""

    code: str
    sentence: str
    path: tuple[Move, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Return the path, one line an event."""
        return tuple(move.words for move in self.path)


class Faults:
    """The faults that were found: of those about the same thing the one with the shortest path."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[tuple[str, str], Fault] = {}

    def add(self, fault: Fault, about: str = "") -> None:
        """Add a fault; of several with one code and one ``about`` the shortest path stays."""
        known = self._found.get((fault.code, about))
        if known is None or len(fault.path) < len(known.path):
            self._found[fault.code, about] = fault

    def has(self, code: str, about: str, length: int) -> bool:
        """Tell whether a fault about the same thing is known whose path is not longer."""
        known = self._found.get((code, about))
        return known is not None and len(known.path) <= length

    def all(self) -> tuple[Fault, ...]:
        """Return the faults in the order of the properties, the shortest path first."""
        order = list(PROPERTIES)
        return tuple(sorted(self._found.values(), key=lambda fault: (order.index(fault.code), len(fault.path))))
