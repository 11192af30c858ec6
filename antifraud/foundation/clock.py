"""The only door to the time: every other module is handed a ``Clock``.

Three clocks share one protocol. ``SystemClock`` is the machine's. ``FrozenClock`` stands still until a test moves it.
``ControlledClock`` is one clock for a whole running system: every process derives the instant from the same small
file, so that days pass in seconds, for the console, the loops, the signatures and the simulator alike.
"""

import contextlib
import json
import math
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

CHANGE_SEEN_WITHIN_SECONDS: Final = 0.05
MAX_RATE: Final = 1_000_000.0


class ClockError(Exception):
    """The controlled clock was asked for something it cannot do, or its file cannot be read."""


class Clock(Protocol):
    """What tells the time, and waits by it."""

    def now(self) -> datetime:
        """Return the present instant: aware, UTC, in microseconds."""
        ...

    def rate(self) -> float:
        """Return how many of its seconds pass in one real second: for limits that are about the machine."""
        ...

    def wait(self, wake: threading.Event, until: datetime | None, floor_seconds: float) -> None:
        """Return when ``wake`` is set, the clock has reached ``until``, or ``floor_seconds`` really passed.

        It does not clear ``wake``, and it may return early: the caller looks again at what is due.

        Args:
            wake: Set by somebody who knows of work.
            until: The next instant at which something is due; ``None`` when nothing is known.
            floor_seconds: Real seconds, whatever the clock says: bounds every lost wake-up.
        """
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's instant."""
        return datetime.now(UTC)

    def rate(self) -> float:
        """Return 1: it is the measure."""
        return 1.0

    def wait(self, wake: threading.Event, until: datetime | None, floor_seconds: float) -> None:
        """See ``Clock.wait``."""
        seconds = floor_seconds if until is None else min(floor_seconds, (until - self.now()).total_seconds())
        if seconds > 0:
            wake.wait(seconds)


class FrozenClock:
    """A clock that a test sets and advances; it never moves by itself."""

    def __init__(self, at: datetime) -> None:
        """Start at ``at``, which must be aware."""
        self._at = _as_utc(at)
        self._moved = threading.Condition()

    def now(self) -> datetime:
        """Return the instant it was last set to."""
        with self._moved:
            return self._at

    def rate(self) -> float:
        """Return 1: a test that moves it says by how much."""
        return 1.0

    def set(self, at: datetime) -> datetime:
        """Move to ``at``, backwards too, wake whoever waits, and return the new instant."""
        with self._moved:
            self._at = _as_utc(at)
            self._moved.notify_all()
            return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move by ``by``, wake whoever waits, and return the new instant."""
        with self._moved:
            self._at += by
            self._moved.notify_all()
            return self._at

    def wait(self, wake: threading.Event, until: datetime | None, floor_seconds: float) -> None:
        """See ``Clock.wait``; a test that moves the clock ends the wait at once."""
        ends = time.monotonic() + floor_seconds
        with self._moved:
            while not wake.is_set() and not (until is not None and self._at >= until):
                left = ends - time.monotonic()
                if left <= 0:
                    return
                self._moved.wait(min(left, CHANGE_SEEN_WITHIN_SECONDS))


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the clock's file says: at ``real_ns`` of the machine it was ``base_at``, and it runs at ``rate``."""

    base_at: datetime
    real_ns: int
    rate: float

    def at(self, real_ns: int) -> datetime:
        elapsed_us = (real_ns - self.real_ns) // 1_000
        return self.base_at + timedelta(microseconds=round(elapsed_us * self.rate))


class ControlledClock:
    """One clock for several processes, read from a file that ``antifraud clock`` rewrites.

    Without a file it runs like the machine's clock. A change is seen by every reader at its next ``now()``, and within
    50 ms by every ``wait()``.
    """

    def __init__(self, path: Path) -> None:
        """Read ``path``, normally ``<home>/clock.json``, which need not exist yet."""
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._setting: _Setting | None = None

    def now(self) -> datetime:
        """Return the controlled instant.

        Raises:
            ClockError: The file is there and cannot be understood.
        """
        setting = self._current()
        real_ns = time.time_ns()
        return _from_ns(real_ns) if setting is None else setting.at(real_ns)

    def rate(self) -> float:
        """Return how many of its seconds pass in one real second; 0 means that it stands."""
        setting = self._current()
        return 1.0 if setting is None else setting.rate

    def wait(self, wake: threading.Event, until: datetime | None, floor_seconds: float) -> None:
        """See ``Clock.wait``; sees a change of the file, and counts in the clock's own seconds."""
        ends = time.monotonic() + floor_seconds
        while not wake.is_set():
            left = ends - time.monotonic()
            if until is not None:
                due = (until - self.now()).total_seconds()
                if due <= 0:
                    return
                rate = self.rate()
                left = min(left, due / rate) if rate > 0 else left
            if left <= 0:
                return
            wake.wait(min(left, CHANGE_SEEN_WITHIN_SECONDS))

    def set(self, at: datetime) -> datetime:
        """Move every process to ``at`` and return it; the rate stays.

        Raises:
            ClockError: ``at`` lies before the present: deadlines and the log only know time that goes forward.
        """
        return self._write(at=_as_utc(at))

    def advance(self, by: timedelta) -> datetime:
        """Move every process forward by ``by`` and return the new instant.

        Raises:
            ClockError: ``by`` is negative.
        """
        return self._write(by=by)

    def run_at(self, rate: float) -> datetime:
        """Let the time pass ``rate`` times as fast from now on (0 stops it) and return the instant of the change.

        Raises:
            ClockError: ``rate`` is negative, not finite, or above one million.
        """
        if not math.isfinite(rate) or not 0 <= rate <= MAX_RATE:
            message = f"a clock cannot run at {rate}: give 0 (stand still) to {MAX_RATE:.0f}"
            raise ClockError(message)
        return self._write(rate=rate)

    def _write(
        self,
        *,
        at: datetime | None = None,
        by: timedelta = timedelta(),
        rate: float | None = None,
    ) -> datetime:
        with _exclusive(self._path):
            real_ns = time.time_ns()
            old = self._current() or _Setting(_from_ns(real_ns), real_ns, 1.0)
            present = old.at(real_ns)
            new_at = present + by if at is None else at
            if new_at < present:
                message = f"the clock is at {_format(present)} and cannot go back to {_format(new_at)}"
                raise ClockError(message)
            new = _Setting(new_at, real_ns, old.rate if rate is None else rate)
            _replace(self._path, new)
        return new_at

    def _current(self) -> _Setting | None:
        with self._lock:
            try:
                stat = self._path.stat()
            except FileNotFoundError:
                self._seen, self._setting = None, None
                return None
            # The inode too: two replacements may fall within one tick of the file system's clock.
            version = (stat.st_mtime_ns, stat.st_ino)
            if version != self._seen:
                self._setting = _read(self._path)
                self._seen = version
            return self._setting


def _as_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = f"{at.isoformat()} has no time zone; an instant needs one"
        raise ClockError(message)
    return at.astimezone(UTC)


def _from_ns(real_ns: int) -> datetime:
    return datetime.fromtimestamp(real_ns // 1_000_000_000, UTC) + timedelta(microseconds=real_ns // 1_000 % 1_000_000)


def _format(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _read(path: Path) -> _Setting:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _Setting(
            _as_utc(datetime.fromisoformat(found["base_at"])),
            int(found["real_ns"]),
            float(found["rate"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is not a clock file ({error}); remove it to go on with the machine's time"
        raise ClockError(message) from error


def _replace(path: Path, setting: _Setting) -> None:
    content = {
        "base_at": _format(setting.base_at),
        "real_ns": setting.real_ns,
        "rate": setting.rate,
    }
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".clock-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Let one writer at a time derive the new setting from the old one."""
    import fcntl  # noqa: PLC0415 - only writers need it, and only POSIX has it

    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
