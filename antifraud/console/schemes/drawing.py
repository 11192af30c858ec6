"""A scheme's drawing: it takes seconds of a processor, so a process of its own draws, and each text once."""

import subprocess
import sys
from functools import lru_cache
from typing import Final

from markupsafe import Markup

_PATIENCE: Final = 120.0


class NotDrawn(Exception):
    """The drawing could not be made in time."""


@lru_cache(maxsize=32)
def drawn(text: str) -> Markup:
    """Return the drawing of a definition that parses, as SVG; its words are escaped by who draws.

    Raises:
        NotDrawn: It took too long, or failed.
    """
    command = [sys.executable, "-m", "workflows.drawing"]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        message = "the drawing was not made"
        raise NotDrawn(message) from error
    return Markup(done.stdout.decode())  # noqa: S704 - made by workflows.drawing, which escapes every word
