"""One reading for everybody who asks at the same time: a page of the list is read a few times a second at most."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

KEPT_FOR_SECONDS: Final = 0.2
"""How old what is handed out may be. A page that came for a change asks again when it got something kept."""
LONGEST_SECONDS: Final = 1.0
"""Where reading takes long itself, it is kept so long at most."""
_MOST_KEYS: Final = 256
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Shared(Generic[_T]):
    """What was read; `is_kept` says that the reading began before it was asked for."""

    value: _T
    is_kept: bool


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_T]):
    began: float
    until: float
    value: _T


class Reading(Generic[_T]):
    """Keeps what was read for a moment, by key.

    One thread reads a key at a time. Whoever waited for it takes what began to
    be read after they had asked, so that forty at once cost two readings.
    """

    def __init__(self, *, kept_for: float = KEPT_FOR_SECONDS) -> None:
        """Keep each reading so many seconds."""
        self._kept_for = kept_for
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[_T]] = OrderedDict()
        self._reading: dict[Hashable, threading.Lock] = {}
        self._version = 0

    def get(self, key: Hashable, read: Callable[[], _T]) -> Shared[_T]:
        """Return what was read under the key within the time, or read it now."""
        asked = time.monotonic()
        found = self._found(key, asked)
        if found is not None:
            return found
        with self._lock:
            own = self._reading.setdefault(key, threading.Lock())
        with own:
            found = self._found(key, asked)  # by whoever read while this thread waited
            if found is None or found.is_kept:
                found = Shared(self._read(key, read), is_kept=False)
            return found

    def drop(self) -> None:
        """Forget everything: this process has just changed something."""
        with self._lock:
            self._version += 1
            self._kept.clear()

    def _found(self, key: Hashable, asked: float) -> Shared[_T] | None:
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.began >= asked:
            return Shared(kept.value, is_kept=False)
        return Shared(kept.value, is_kept=True) if asked <= kept.until else None

    def _read(self, key: Hashable, read: Callable[[], _T]) -> _T:
        began, version = time.monotonic(), self._version
        value = read()
        took = time.monotonic() - began
        until = began + took + max(self._kept_for - took, min(took, LONGEST_SECONDS))
        with self._lock:
            if version == self._version:  # a change by this process came between: it must not be hidden
                self._kept[key] = _Kept(began, until, value)
                self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEYS:
                self._kept.popitem(last=False)
            for idle in [one for one, lock in self._reading.items() if one not in self._kept and not lock.locked()]:
                del self._reading[idle]
        return value
