"""The addresses of the worklist: its page, its rows, and the acts that a row takes."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from antifraud.auth.people import active_people, people_by_id
from antifraud.cases import acts, beside, worklist
from antifraud.cases.agenda import COUNTED, SCOPES, Place
from antifraud.cases.messages import Mail
from antifraud.console.frame.languages import language
from antifraud.console.frame.page import Console, acting, centre, me, needs, page, part
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.console.worklist import figures, listing
from antifraud.console.worklist.acting import answer, ids, on_each
from antifraud.console.worklist.listing import Listing
from antifraud.console.worklist.rows import RowView
from antifraud.console.worklist.sharing import Reading, Shared
from antifraud.console.worklist.wording import ASSIGN, fate, reasons, tabs
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work

SHARES: Final = {"quarter": 4, "half": 2}
"""How much of the time left a row may be put off for: the divisor."""
_SQUEEZED_BY: Final = 5
_MOST_ROWS: Final = 2048


@dataclass(frozen=True, slots=True)
class Written:
    """A page of the list with its rows written down, once for all who look; `squeezed` are the same bytes in gzip."""

    listing: Listing
    html: str
    squeezed: bytes


class Lists:
    """The pages of the list as this process has just read and written them, for all who look at them."""

    def __init__(self, console: Console) -> None:
        """Begin with nothing read."""
        self.console = console
        self.pages: Reading[Written] = Reading()
        self.figures: Reading[figures.Figures] = Reading(kept_for=figures.KEPT_FOR_SECONDS)

    def page(self, scope: str, after: Place | None = None) -> Shared[Written]:
        """Return a page of a scope with its rows written down, in the language of the request."""
        here, whose = centre(), me().id if scope == "mine" else None

        def read() -> Written:
            found = listing.read(self.console.installation, here, scope, person_id=whose, after=after)
            html = part("worklist/rows.html", listing=found, counted=COUNTED, written=written)
            return Written(found, html, squeezed(html))

        return self.pages.get((here.id, scope, whose, language(), after), read)

    def figures_now(self) -> figures.Figures:
        """Return the figures of the running week."""
        here = centre()
        key = (here.id, language())
        return self.figures.get(key, lambda: figures.read(self.console.installation, here)).value


def blueprint(console: Console) -> Blueprint:
    """Return the room."""
    room = Blueprint("worklist", __name__)
    lists = Lists(console)
    _pages(room, console, lists)
    _acts(room, console, lists)
    return room


def _pages(room: Blueprint, console: Console, lists: Lists) -> None:
    @room.get("/")
    @needs("worklist.see")
    def index() -> Response:
        """Show the list."""
        scope = scope_of(request.args)
        written = lists.page(scope).value
        found = written.listing
        with acting(console) as work:
            people = active_people(work.connection) if me().may(ASSIGN) else []
        overdue = found.overdue
        html = page(
            "worklist/page.html",
            room="worklist",
            title=_("Worklist"),
            alert=ngettext("%(num)d overdue", "%(num)d overdue", overdue) if overdue else None,
            listing=found,
            rows=written.html,
            tabs=tabs(found),
            first=found.rows[0] if found.rows else None,
            colleagues=[one for one in people if one.may("task.claim")],
            may_assign=me().may(ASSIGN),
            reasons=reasons(),
            here=f"/?scope={scope}",
            counted=COUNTED,
        )
        # Nothing that a stranger may choose stands on this page beside its token, so its length tells nothing of it.
        return sent(html, squeezed(html))

    @room.get("/worklist/rows")
    @needs("worklist.see")
    def rows() -> Response:
        """Return the rows of a page, for a list that is already there; unchanged ones cost only a word."""
        scope = scope_of(request.args)
        after = place_of(request.args)
        got = lists.page(scope, after)
        found = got.value.listing
        response = sent(got.value.html, got.value.squeezed)
        told = json.dumps({"tabs": {name: number for name, number, _word in tabs(found)}, "overdue": found.overdue})
        response.headers["X-Worklist"] = told
        if got.is_kept:
            response.headers["X-Kept"] = "1"
        response.set_etag(hashlib.sha256(f"{found.version} {language()} {told}".encode()).hexdigest()[:32])
        response.headers["Cache-Control"] = "no-cache, private"
        response.make_conditional(request)
        return response

    @room.get("/worklist/ended")
    @needs("worklist.see")
    def ended() -> Response:
        """Say what became of rows that are no longer on a list."""
        with acting(console) as work:
            found = beside.ended(work.connection, ids("task"))
            people = people_by_id(work.connection, [one.owner_id for one in found if one.owner_id is not None])
        return jsonify({str(one.id): fate(one, people) for one in found})

    @room.get("/worklist/figures")
    @needs("worklist.see")
    def week() -> str:
        """Return the figures of the running week."""
        return part("worklist/figures.html", figures=lists.figures_now())


def _acts(room: Blueprint, console: Console, lists: Lists) -> None:
    @room.post("/worklist/claim")
    @needs("task.claim")
    def claim() -> AnyResponse:
        """Make tasks mine."""
        told = on_each(console, ids("task"), lambda w, m, t: worklist.claim(w, m, t, me().id))
        lists.pages.drop()
        return answer(told, lambda n: ngettext("Claimed", "%(num)d claimed", n), undo="give-back")

    @room.post("/worklist/give-back")
    @needs("task.claim")
    def give_back() -> AnyResponse:
        """Let tasks of mine be nobody's."""
        told = on_each(console, ids("task"), lambda w, m, t: worklist.give_back(w, m, t, me().id))
        lists.pages.drop()
        return answer(told, lambda n: ngettext("Given back", "%(num)d given back", n), undo="claim")

    @room.post("/worklist/assign")
    @needs(ASSIGN)
    def assign() -> AnyResponse:
        """Make tasks somebody's."""
        (person_id,) = ids("person")[:1]
        told = on_each(console, ids("task"), lambda w, m, t: worklist.assign(w, m, t, person_id))
        lists.pages.drop()
        return answer(told, lambda n: ngettext("Assigned", "%(num)d assigned", n))

    @room.post("/worklist/snooze")
    @needs("task.claim")
    def snooze() -> AnyResponse:
        """Put one task off for a share of the time it has left."""
        part_of, reason = SHARES.get(request.form.get("share", "")), request.form.get("reason", "")
        if part_of is None:
            raise InvalidValue(f"the share is one of {', '.join(SHARES)}")

        def put_off(work: Work, mail: Mail, task_id: UUID) -> None:
            due_at = beside.due_at(work.connection, task_id)
            left = max(timedelta(), due_at - work.now())
            worklist.snooze(work, mail, task_id, work.now() + left / part_of, reason)

        told = on_each(console, ids("task"), put_off)
        lists.pages.drop()
        return answer(told, lambda n: ngettext("Put off for a while", "%(num)d put off for a while", n), undo="wake")

    @room.post("/worklist/wake")
    @needs("task.claim")
    def wake() -> AnyResponse:
        """Take tasks that were put off back to their place."""
        told = on_each(console, ids("task"), worklist.wake)
        lists.pages.drop()
        return answer(told, lambda n: ngettext("Back in its place", "%(num)d back in their places", n))

    @room.post("/worklist/remind")
    @needs("case.act")
    def remind() -> AnyResponse:
        """Remind the institution of one request now."""
        (case_id,), (request_id,) = ids("case")[:1], ids("request")[:1]
        told = on_each(console, [request_id], lambda w, m, r: acts.remind(w, m, case_id, r))
        lists.pages.drop()
        return answer(told, lambda n: ngettext("Reminder sent", "%(num)d reminders sent", n))


def written(one: RowView) -> Markup:
    """Return a row written down; most rows are as they were a moment ago, and are not written again."""
    return _written(language(), one)


@lru_cache(maxsize=_MOST_ROWS)
def _written(_language: str, one: RowView) -> Markup:
    # Its countdown stands as it was when it was written; the page counts by itself, and a new group is another row.
    return Markup(part("worklist/one.html", one=one))  # noqa: S704 - our own template, which has escaped it


def squeezed(html: str) -> bytes:
    """Return a page in gzip."""
    return gzip.compress(html.encode(), _SQUEEZED_BY, mtime=0)


def sent(html: str, in_gzip: bytes) -> Response:
    """Return a page as the browser takes it."""
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(in_gzip if takes else html, content_type="text/html; charset=utf-8")
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    if takes:
        response.headers["Content-Encoding"] = "gzip"
    return response


def scope_of(args: Mapping[str, str]) -> str:
    """Return the scope that an address names; the shift's where it names none.

    Raises:
        NotFound: There is none of that name, or it is the supervisor's.
    """
    scope = args.get("scope", "shift")
    if scope not in SCOPES or (scope == "unclaimed" and not me().may(ASSIGN)):
        raise NotFound
    return scope


def place_of(args: Mapping[str, str]) -> Place | None:
    """Return the place behind which a page begins, as the page before wrote it."""
    if "after" not in args:
        return None
    try:
        due, amount, ident = args["after"].split("~")
        due_at = datetime.fromisoformat(due)
        place = Place(due_at, int(amount) if amount else None, UUID(ident))
    except ValueError:
        raise NotFound from None
    if due_at.tzinfo is None:
        raise NotFound
    return place
