"""`/cases`: the list, its filters in the address, and the search, whose term is never in one."""

import secrets
from datetime import UTC, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from antifraud.cases.listing import PHASES, Filters, fraud_types, number_of_case, page_of_cases
from antifraud.cases.search import Sought, cases_sought, seek
from antifraud.console.casework import wording
from antifraud.console.frame.page import Console, acting, centre, needs, page
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.times import zone
from antifraud.intake.queries import case_of_report
from antifraud.work import Work

ON_A_PAGE: Final = 50
_KEPT_SEARCHES: Final = 8
_SEARCHES: Final = "case_searches"
_LONGEST_TERM: Final = 80
_DAY: Final = len("2026-11-24")


def register(room: Blueprint, console: Console) -> None:
    """Add the list and the search to the room."""

    @room.get("/cases")
    @needs("case.see")
    def cases() -> str:
        """List the cases that the filters leave, newest first."""
        filters, given = _filters()
        sought = _sought(request.args.get("q"))
        with acting(console) as work:
            among = cases_sought(work, sought) if sought else None
            lines, more = page_of_cases(
                work, filters, size=ON_A_PAGE, below=request.args.get("below") or None, among=among
            )
            kinds = fraud_types(work)
        return page(
            "casework/cases.html",
            room="casework",
            title=_("Cases"),
            lines=lines,
            more=lines[-1].no if more else None,
            given=given,
            kinds=kinds,
            phases=PHASES,
            sought=sought,
            wording=wording,
            nothing_typed=request.args.get("q") == "none",
        )

    @room.post("/cases/search")
    @needs("case.see")
    def search() -> Response:
        """Keep what is sought as hashes in the session, and go to the list under an address that tells nothing."""
        term = request.form.get("term", "")[:_LONGEST_TERM]
        with acting(console) as work:
            sought = seek(work, term)
            if sought is None:
                return redirect(url_for("casework.cases", q="none"), 303)
            number = _numbered(work, sought)
        if number is not None:
            return redirect(url_for("casework.case", no=number), 303)
        kept: dict[str, Any] = dict(session.get(_SEARCHES) or {})
        token = secrets.token_urlsafe(8)
        kept[token] = sought.to_json()
        session[_SEARCHES] = dict(list(kept.items())[-_KEPT_SEARCHES:])
        return redirect(url_for("casework.cases", q=token), 303)


def _numbered(work: Work, sought: Sought) -> str | None:
    """Return the number of the one case that a number names."""
    if sought.number is None:
        return None
    if sought.kind == "case":
        return number_of_case(work, no=sought.number)
    case_id = case_of_report(work.connection, sought.number)
    return number_of_case(work, case_id=case_id) if case_id else None


def _sought(token: str | None) -> Sought | None:
    if not token or token == "none":  # noqa: S105 - not a secret: the address of an empty search
        return None
    kept = (session.get(_SEARCHES) or {}).get(token)
    if kept is None:
        raise NotFound
    return Sought.from_json(kept)


def _filters() -> tuple[Filters, dict[str, str]]:
    """Return the filters of the address, and what of it was understood, as the form shows it again."""
    args = request.args
    here = zone(centre().zone)
    phase = args.get("phase", "")
    given = {
        "phase": phase if phase in PHASES else "",
        "kind": args.get("kind", "")[:40],
        "since": args.get("since", "")[:_DAY],
        "until": args.get("until", "")[:_DAY],
        "held": "1" if args.get("held") == "1" else "",
        "q": args.get("q", "") if args.get("q") != "none" else "",
    }
    since, until = _day(given["since"], here), _day(given["until"], here, end=True)
    if since is None:
        given["since"] = ""
    if until is None:
        given["until"] = ""
    filters = Filters(
        phase=given["phase"] or None,
        fraud_type=given["kind"] or None,
        since=since,
        until=until,
        is_held=bool(given["held"]),
    )
    return filters, given


def _day(text: str, here: ZoneInfo, *, end: bool = False) -> datetime | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day; its zone is the centre's
    except ValueError:
        return None
    return datetime.combine(day, time.max if end else time.min, here).astimezone(UTC)
