"""How the week's figures are written: nothing is counted here, the document of the week has every number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

MINUS: Final = "−"
_HOUR, _MINUTE, _SECOND = 3_600_000, 60_000, 1000
Figure = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One institution's line; `place` is its rank, None where it has too few requests to be compared."""

    place: int | None
    values: Figure
    change: str | None


def by_id(document: Figure | None) -> dict[str, Figure]:
    """Return the figures of a document by id."""
    return {} if document is None else {figure["id"]: figure for figure in document["figures"]}


def change(now: Figure | None, before: Figure | None) -> str | None:
    """Return by how many percentage points the published rate differs, or None where one of both is not published."""
    if now is None or before is None or now.get("rate") is None or before.get("rate") is None:
        return None
    points = Decimal(now["rate"]) - Decimal(before["rate"])
    sign = "+" if points > 0 else MINUS if points < 0 else ""
    return f"{sign}{abs(points)}"


def is_same_measure(now: Figure | None, before: Figure | None) -> bool:
    """Return whether two figures were made by the same definition: others are never compared."""
    return now is not None and before is not None and (now["id"], now["version"]) == (before["id"], before["version"])


def ranked(figure: Figure, before: Figure | None) -> list[Row]:
    """Return the institutions: those with enough requests by their rate, equal rates on one place; then the others."""
    earlier = {row["institution"]: row for row in before["institutions"]} if before is not None else {}
    rows: Sequence[Figure] = figure["institutions"]
    compared = sorted(
        (row for row in rows if row["comparable"] and row["rate"] is not None and row["institution"] is not None),
        key=lambda row: (-Decimal(row["rate"]), row["institution"]),
    )
    placed = [
        Row(
            place=1 + sum(Decimal(other["rate"]) > Decimal(row["rate"]) for other in compared),
            values=row,
            change=change(row, earlier.get(row["institution"])),
        )
        for row in compared
    ]
    # By code, so that the order says nothing; what stands under no institution comes last.
    rest = sorted(
        (row for row in rows if row not in compared), key=lambda row: (row["institution"] is None, row["institution"])
    )
    return placed + [Row(place=None, values=row, change=change(row, earlier.get(row["institution"]))) for row in rest]


def took(milliseconds: int | None) -> str | None:
    """Return a time as minutes and seconds (0:41), with hours where it has them (1:52:10); below a second too."""
    if milliseconds is None:
        return None
    hours, rest = divmod(milliseconds, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    seconds = rest // _SECOND
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def check_code(digest: str) -> str:
    """Return the first twelve digits of a hash in fours, to be read aloud: 9F3C-71A0-D2E8."""
    return "-".join(digest[at : at + 4].upper() for at in (0, 4, 8))
