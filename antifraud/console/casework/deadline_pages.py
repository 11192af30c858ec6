"""`/cases/<no>/deadlines/<id>`: how a due instant came about, on one sheet that can be printed."""

from uuid import UUID

from flask import Blueprint, redirect, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from antifraud.cases.derivations import explain, wait_about
from antifraud.cases.sheet import sheet
from antifraud.console.frame.languages import language
from antifraud.console.frame.page import Console, acting, centre, needs, page
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.words import word


def register(room: Blueprint, console: Console) -> None:
    """Add the sheet's addresses to the room."""

    @room.get("/cases/<no>/deadlines/<uuid:deadline_id>")
    @needs("case.see")
    def deadline(no: str, deadline_id: UUID) -> str:
        """Show all that a due instant came from, and each step of its arithmetic."""
        with acting(console) as work:
            found = explain(work.connection, deadline_id)
        if found is None or found.case_no != no:
            raise NotFound
        lines = sheet(found, centre().zone, zh=language() != "en")
        title = _("Where a due instant comes from · %(no)s", no=no)
        heading = _kind(found.kind)
        return page("casework/deadline.html", room="casework", title=title, found=found, lines=lines, heading=heading)

    @room.get("/cases/<no>/deadlines/of/<uuid:subject_id>")
    @needs("case.see")
    def deadline_of(no: str, subject_id: UUID) -> Response:
        """Lead to the sheet of the next wait about something: a task, a request, a hold, an approval."""
        with acting(console) as work:
            found = wait_about(work.connection, no, subject_id)
        if found is None:
            raise NotFound
        return redirect(url_for("casework.deadline", no=no, deadline_id=found))


def _kind(code: str) -> str:
    """Return the word of a clock, or its code where nobody gave it one."""
    try:
        return str(word("clock", code))
    except KeyError:
        return code
