"""Reads of the published weeks for others: typed rows, without the inputs that only a recomputation needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Row, select

from antifraud.foundation.json import loads as read_json
from antifraud.timeliness.models import snapshots
from antifraud.work import Work

_MAX_FIGURES_BYTES = 16 * 1024 * 1024
_COLUMNS = (
    snapshots.c.week,
    snapshots.c.edition,
    snapshots.c.starts_at,
    snapshots.c.published_at,
    snapshots.c.reason,
    snapshots.c.inputs_hash,
    snapshots.c.figures,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition of a published week; `document` is what was published, `restated_for` why there is a further one."""

    week: str
    edition: int
    starts_at: datetime
    published_at: datetime
    restated_for: str | None
    inputs_hash: str
    figures_hash: str
    document: dict[str, Any]

    def whole(self) -> dict[str, Any]:
        """Return it as the readers' document has it: its figures, and its publication beside them."""
        publication = {
            name: getattr(self, name)
            for name in ("edition", "published_at", "restated_for", "inputs_hash", "figures_hash")
        }
        return {"status": "published", "publication": publication, **self.document}


def editions_of(work: Work, week: str) -> list[Edition]:
    """Return every edition of a week, the first one first; none where it was not published."""
    rows = work.connection.execute(
        select(*_COLUMNS)
        .where(snapshots.c.centre_id == work.centre_id, snapshots.c.week == week)
        .order_by(snapshots.c.edition)
    )
    return [_edition(row) for row in rows]


def standing_editions(work: Work, weeks: Iterable[str]) -> dict[str, Edition]:
    """Return the newest edition of each of the weeks that was published."""
    rows = work.connection.execute(
        select(*_COLUMNS)
        .where(snapshots.c.centre_id == work.centre_id, snapshots.c.week.in_(list(weeks)))
        .order_by(snapshots.c.edition)
    )
    return {row.week: _edition(row) for row in rows}


def newest_week(work: Work) -> str | None:
    """Return the name of the newest week that was published."""
    return work.connection.scalar(
        select(snapshots.c.week)
        .where(snapshots.c.centre_id == work.centre_id)
        .order_by(snapshots.c.starts_at.desc())
        .limit(1)
    )


def _edition(row: Row[*tuple[Any, ...]]) -> Edition:
    figures = bytes(row.figures)
    return Edition(
        week=row.week,
        edition=row.edition,
        starts_at=row.starts_at,
        published_at=row.published_at,
        restated_for=row.reason,
        inputs_hash=bytes(row.inputs_hash).hex(),
        figures_hash=sha256(figures).hexdigest(),
        document=cast("dict[str, Any]", read_json(figures, max_bytes=_MAX_FIGURES_BYTES)),
    )
