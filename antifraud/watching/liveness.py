"""Loops that do not go round although their process gives signs of life."""

from collections.abc import Iterable
from typing import Final

from antifraud.runs.service import Living

STUCK_AFTER_SECONDS: Final = 60.0
"""A loop goes round each second, so one that does not for so long hangs, or fails each time."""
_Loop = tuple[str, int, str]


class Rounds:
    """What was seen of every loop's count of rounds, and since when it stands."""

    def __init__(self) -> None:
        self._seen: dict[_Loop, tuple[int, float]] = {}

    def stuck(self, processes: Iterable[Living], elapsed: float) -> list[str]:
        """Return the loops that have stood for too long, as ``outbox of worker 123 on host``.

        Args:
            processes: Those that were seen lately; what is not among them is forgotten.
            elapsed: Seconds of the machine, from any beginning.
        """
        seen: dict[_Loop, tuple[int, float]] = {}
        found = []
        for process in processes:
            for name, told in process.loops.items():
                rounds = told.get("rounds") if isinstance(told, dict) else None
                if not isinstance(rounds, int):
                    continue
                loop = (process.host, process.pid, name)
                before, since = self._seen.get(loop, (rounds, elapsed))
                seen[loop] = (rounds, since if before == rounds else elapsed)
                if elapsed - seen[loop][1] > STUCK_AFTER_SECONDS:
                    found.append(f"{name} of {process.name} {process.pid} on {process.host}")
        self._seen = seen
        return found
