"""Published weeks: each is computed again from its stored inputs, and is the one that the log says was published."""

from hashlib import sha256
from typing import Any

from sqlalchemy import Row, text

from antifraud.timeliness.service import Snapshot, all_snapshots, recompute
from antifraud.verification.findings import Difference, Outcome, Scope

CHECK = "I10"
SENTENCE = "every published week is what its stored inputs give, byte by byte, and what the log says was published"


def check(scope: Scope) -> Outcome:
    """Recompute every snapshot of the centre, and hold it against its entry in the log."""
    snapshots = {str(snapshot.id): snapshot for snapshot in all_snapshots(scope.work)}
    differences = [
        Difference(
            check=CHECK, where=f"snapshot {name}", what="figures", expected="what the inputs give", found=sentence
        )
        for name, snapshot in snapshots.items()
        for sentence in recompute(scope.work, snapshot)
    ]
    rows = scope.connection.execute(text("SELECT stream, seq, payload FROM entries WHERE kind = 'WeekPublished'"))
    published: dict[str, Row[Any]] = {row.payload["snapshot_id"]: row for row in rows}
    for name in sorted(published.keys() - snapshots.keys()):
        row = published[name]
        where = f"stream {row.stream} seq {row.seq}"
        differences.append(
            Difference(check=CHECK, where=where, what="snapshot", expected=f"snapshot {name}", found="nothing")
        )
    for name, snapshot in snapshots.items():
        entry = published.get(name)
        for column, is_there in _hashes(snapshot).items():
            was = entry.payload[column] if entry is not None else "a WeekPublished entry"
            if was != is_there:
                differences.append(
                    Difference(check=CHECK, where=f"snapshot {name}", what=column, expected=was, found=is_there)
                )
    return Outcome(check=CHECK, sentence=SENTENCE, looked_at=len(snapshots), differences=tuple(differences))


def _hashes(snapshot: Snapshot) -> dict[str, str]:
    return {
        "inputs_hash": snapshot.inputs_hash.hex(),
        "figures_hash": sha256(snapshot.figures).hexdigest(),
        "week": snapshot.week,
    }
