"""`/workflows/simulate`: the newest recorded cases run again under another stored version; nothing is written."""

from typing import Any, Final

from flask import Blueprint, request

from antifraud.cases import definitions
from antifraud.cases.histories import compare, newest, summed
from antifraud.console.casework import comparing, wording
from antifraud.console.frame.page import Console, acting, needs, page
from antifraud.console.frame.texts import gettext as _

MOST_CASES: Final = 200
MOST_SHOWN: Final = 50
"""Cases whose differences are written out; the sum is over all that were run."""


def register(room: Blueprint, console: Console) -> None:
    """Add the page to the room."""

    @room.get("/workflows/simulate")
    @needs("scheme.compare")
    def simulate() -> str:
        """Let a stored version be chosen, and show what it would have made of the record."""
        to = request.args.get("to", "")
        with acting(console) as work:
            versions = definitions.every_version(work.connection)
            chosen = next((one for one in versions if one.content_hash == to), None)
            values: dict[str, Any] = {"versions": versions, "to": to, "other": None, "sum": None, "cases": ()}
            if chosen is not None:
                other = definitions.by_hash(work.connection, to)
                numbers = newest(work, other.id, MOST_CASES)
                found = list(compare(work, other, numbers=numbers)) if numbers else []
                total, cases = summed(found), comparing.cases_of(found)
                figures = [(comparing.figure(name), was, now) for name, (was, now) in total.figures.items()]
                values |= {"other": other, "sum": total, "figures": figures, "asked": len(numbers)}
                values |= {"cases": tuple(reversed(cases))[:MOST_SHOWN], "more": max(0, len(cases) - MOST_SHOWN)}
        title = _("The record under another version")
        return page("casework/simulate.html", room="schemes", title=title, most=MOST_CASES, wording=wording, **values)
