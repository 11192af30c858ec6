"""The dead-man's switch: somebody outside is told each minute that all is well, and raises the alarm when told nothing.

Only silence can say that everything here is dead, so nothing is ever sent when something is wrong.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import requests
import structlog

from antifraud import __version__

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0
OK: Final = "ok"
_TIMEOUT: Final = (CONNECT_SECONDS, READ_SECONDS)
_SUCCESS: Final = range(200, 300)

log = structlog.get_logger()


@dataclass(slots=True)
class Switch:
    """One address outside. It may be a secret of its own, so no log and no error ever names it."""

    url: str | None = field(repr=False)
    failures: int = 0
    last: str = "never"
    ok_at: datetime | None = None

    def ping(self, now: datetime) -> bool:
        """Say that all is well; a failure is logged, counted and kept, and is no error of the caller's."""
        if self.url is None:
            return False
        self.last = _get(self.url)
        if self.last == OK:
            self.ok_at = now
            return True
        self.failures += 1
        log.warning("deadman_not_reached", said=self.last, failures=self.failures)
        return False

    def shown(self) -> dict[str, object]:
        """Return how it stands, as plain JSON without the address."""
        return {
            "is_set": self.url is not None,
            "last": self.last,
            "failures": self.failures,
            "ok_at": None if self.ok_at is None else self.ok_at.isoformat(),
        }


def _get(url: str) -> str:
    """Return ``ok``, or what went wrong as a code."""
    try:
        # Streamed and closed: nobody reads what it answers, however long that is.
        with requests.get(
            url,
            timeout=_TIMEOUT,
            allow_redirects=False,
            stream=True,
            headers={"User-Agent": f"antifraud/{__version__}"},
        ) as answer:
            return OK if answer.status_code in _SUCCESS else f"http_{answer.status_code}"
    except requests.RequestException as error:
        return type(error).__name__
