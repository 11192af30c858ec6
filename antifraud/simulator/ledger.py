"""Files of JSON lines that survive a kill: what was appended is on the disk before anybody is told."""

import json
import os
from collections.abc import Mapping
from pathlib import Path


class LineFile:
    """An append-only file of JSON objects, one a line. One process, one writer at a time (the caller's lock)."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, making it if needed; a last line that a kill cut short was never told to anybody and goes."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.lines: list[dict[str, object]] = []
        raw = _read_all(self._handle)
        whole = raw.rfind(b"\n") + 1
        if whole < len(raw):
            os.ftruncate(self._handle, whole)
        for line in raw[:whole].splitlines():
            self.lines.append(json.loads(line))

    def append(self, *documents: Mapping[str, object], sync: bool = True) -> None:
        """Write the lines and return when they are on the disk; without ``sync``, when a kill cannot undo them."""
        if not documents:
            return
        found = [dict(one) for one in documents]
        text = "".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in found)
        remaining = memoryview(text.encode("utf-8"))
        while remaining:
            remaining = remaining[os.write(self._handle, remaining) :]
        if sync:
            os.fsync(self._handle)
        self.lines.extend(found)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def _read_all(handle: int) -> bytes:
    pieces = []
    offset = 0
    while piece := os.pread(handle, 1_048_576, offset):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)
