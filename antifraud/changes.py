"""Tell whoever looks that something changed: a kind and an id, by NOTIFY, when the transaction commits.

Only a hint: who hears it reads what it may see for itself, and who missed it
finds the same by asking again.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from antifraud.work import Work

CHANNEL: Final = "changes"
"""What a listener listens on; a payload is ``<centre id> <kind> <id>``."""


def tell(work: Work, kind: str, ids: Sequence[UUID]) -> None:
    """Tell that these ``case``s or ``draft``s of the centre changed; heard once the transaction commits."""
    gather(work, kind, ids)
    work.write()


def gather(work: Work, kind: str, ids: Sequence[UUID]) -> None:
    """Do as `tell` does with the rows that the caller is about to write."""
    for one in ids:
        work.rows.tell(CHANNEL, f"{work.centre_id} {kind} {one}")
