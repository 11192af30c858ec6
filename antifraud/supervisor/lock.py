"""One supervisor per home: two on the same data would each restart and stop what the other needs."""

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another copy has this home."""


class HomeLock:
    """Held until the process ends, however it ends: the kernel gives it back, so there are no stale locks."""

    def __init__(self, home: Path) -> None:
        """Take it.

        Raises:
            AlreadyRunning: Another process has it; the message says which, and what to do.
        """
        home.mkdir(parents=True, exist_ok=True)
        # os.open: not inherited by children, who would hold the lock after us.
        self._handle = os.open(home / "supervisor.lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._handle)
            message = (
                f"antifraud already runs on {home} (process {holder}); stop that one first, "
                "or give this one another ANTIFRAUD_HOME and ANTIFRAUD_PORT"
            )
            raise AlreadyRunning(message) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give it back."""
        os.close(self._handle)
