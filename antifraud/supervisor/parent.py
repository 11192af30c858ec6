"""A child that outlives its parent would hold the port and the data: it asks the kernel to end it as well."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(end: signal.Signals) -> Callable[[], None]:
    """Return what a new child must call before its program starts, so that ``end`` reaches it when we die.

    It works where the kernel has it (Linux); elsewhere the children of a supervisor that was killed live on.
    """
    if sys.platform != "linux":
        return _nothing
    # Loaded here: between fork and exec only what is already in memory may be touched.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(end))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask


def _nothing() -> None:
    """Nothing can be asked for on this system."""
