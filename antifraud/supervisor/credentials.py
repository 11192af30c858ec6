"""Passwords that nobody types: made at random at first start, in files that only we may read."""

import os
import tempfile
from pathlib import Path

from antifraud.foundation.ids import random_token


def secret_file(path: Path) -> str:
    """Return the secret in ``path``, which only we may read; made at random the first time."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_secret(path, random_token())
    return path.read_text(encoding="ascii").strip()


def write_secret(path: Path, content: str) -> None:
    """Put ``content`` into ``path`` in one step, readable by us alone (0400)."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o400)
    Path(name).replace(path)
