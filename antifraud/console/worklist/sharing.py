"""One reading for everybody who asks at the same time: a page of the list is read a few times a second at most."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

KEPT_FOR_SECONDS: Final = 0.2
"""How old what is handed out may be. A page that came for a change asks again when it got something kept."""
_MOST_KEYS: Final = 256
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Shared(Generic[_T]):
    """What was read; `is_kept` says that it was read for somebody else, a moment ago."""

    value: _T
    is_kept: bool


class Reading(Generic[_T]):
    """Keeps what was read for a moment, by key; only one thread reads a key at a time, the others wait for it."""

    def __init__(self, *, kept_for: float = KEPT_FOR_SECONDS) -> None:
        """Keep each reading so many seconds."""
        self._kept_for = kept_for
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, _T]] = OrderedDict()
        self._reading: dict[Hashable, threading.Lock] = {}
        self._version = 0

    def get(self, key: Hashable, read: Callable[[], _T]) -> Shared[_T]:
        """Return what was read under the key within the time, or read it now."""
        found = self._fresh(key)
        if found is not None:
            return found
        with self._lock:
            own = self._reading.setdefault(key, threading.Lock())
        with own:
            found = self._fresh(key)
            if found is not None:
                return found
            begun, version = time.monotonic(), self._version
            value = read()
            with self._lock:
                if version == self._version:  # a change by this process came between: it must not be hidden
                    self._kept[key] = (begun, value)
                    self._kept.move_to_end(key)
                while len(self._kept) > _MOST_KEYS:
                    self._kept.popitem(last=False)
                for idle in [one for one, lock in self._reading.items() if one not in self._kept and not lock.locked()]:
                    del self._reading[idle]
            return Shared(value, is_kept=False)

    def drop(self) -> None:
        """Forget everything: this process has just changed something."""
        with self._lock:
            self._version += 1
            self._kept.clear()

    def _fresh(self, key: Hashable) -> Shared[_T] | None:
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept[0] > self._kept_for:
            return None
        return Shared(kept[1], is_kept=True)
