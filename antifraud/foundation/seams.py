"""Places between two steps at which a test may kill this process, to prove that nothing is lost or done twice.

`ANTIFRAUD_SEAM=outbox.sent:3` kills the process the third time it comes by
`outbox.sent`; `outbox.sent:3:stop` makes it stand still there until somebody
sends SIGCONT. Refused in production by the settings; without the variable a
seam costs one comparison.
"""

import os
import signal
import threading
from typing import Final

VARIABLE: Final = "ANTIFRAUD_SEAM"

_name, _count, _how = (os.environ.get(VARIABLE, "") + "::").split(":")[:3]
_left = int(_count) if _count.isdigit() else 1
_lock = threading.Lock()


def seam(name: str) -> None:
    """Die here, as by `kill -9`, or stand still, if this is the seam that was named and its turn has come."""
    if name != _name:
        return
    global _left  # noqa: PLW0603 - the countdown of the whole process
    with _lock:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGSTOP if _how == "stop" else signal.SIGKILL)
