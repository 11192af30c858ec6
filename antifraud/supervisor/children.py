"""The processes beside the database: started, watched, started again when they die, stopped together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from antifraud.supervisor.parent import die_with_parent

# -P: the folder somebody happens to stand in must not be searched for modules.
COMMAND_LINE: Final = (sys.executable, "-P", "-m", "antifraud.cli")
LONGEST_PAUSE_SECONDS: Final = 10.0
SHORTEST_PAUSE_SECONDS: Final = 0.5
STEADY_AFTER_SECONDS: Final = 30.0
_WORTH_TELLING: Final = (
    '"level": "warning"',
    '"level": "error"',
    '"level": "critical"',
    "WARNING",
    "ERROR",
    "CRITICAL",
)
_LINES_AT_ONCE: Final = 20


class Child:
    """One process ``antifraud <command>``, its log, and the pause before it is started again."""

    def __init__(self, name: str, command: str, environ: Mapping[str, str], log_path: Path) -> None:
        """Name it; nothing starts before ``start``."""
        self.name = name
        self.log_path = log_path
        self.deaths = 0
        self._command = command
        self._environ = dict(environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.0
        self._started = 0.0
        self._start_again: float | None = None
        self._told = log_path.stat().st_size if log_path.exists() else 0

    @property
    def pid(self) -> int | None:
        """Its process, while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it, in a session of its own: what the terminal sends, only the supervisor gets."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND_LINE, self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - the supervisor has one thread
            )
        self._started = time.monotonic()
        self._start_again = None

    def look_after(self) -> str | None:
        """Start it again when it is dead and its pause is over; return a sentence when something happened to it."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is None:
            return None
        present = time.monotonic()
        if self._start_again is None:
            self.deaths += 1
            steady = present - self._started >= STEADY_AFTER_SECONDS
            self._pause = SHORTEST_PAUSE_SECONDS if steady else self._next_pause()
            self._start_again = present + self._pause
            end_process_group(self._process.pid)
            return f"{self.name} ended ({_how(code)}); starting it again in {self._pause:g} s; see {self.log_path}"
        if present >= self._start_again:
            self.start()
            return f"{self.name} is started again"
        return None

    def _next_pause(self) -> float:
        return min(LONGEST_PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, self._pause * 2))

    def new_warnings(self) -> list[str]:
        """Return the lines since the last call that a person at the terminal should see, at most 20."""
        try:
            with self.log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(self._told if self._told <= size else 0)
                text = log.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._told = (self._told if self._told <= size else 0) + len(whole)
        lines = whole.decode(errors="replace").splitlines()
        return [line for line in lines if any(mark in line for mark in _WORTH_TELLING)][-_LINES_AT_ONCE:]

    def last_words(self) -> str:
        """Return the last line of its log."""
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "nothing")

    def ask_to_stop(self) -> None:
        """Send SIGTERM, once it lives."""
        if self.pid is not None and self._process is not None:
            self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait up to ``seconds`` for it to stop, then kill it and whatever it started."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))
        end_process_group(self._process.pid)
        self._process.wait()


def end_process_group(leader: int) -> None:
    """Kill every process that is left of a child's session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
