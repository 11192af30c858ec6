"""`/weekly` and `/weekly/<week>` for everybody, `/weekly/<week>/items` for who checks them."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, request

from antifraud.auth.service import Centre
from antifraud.console.frame import sessions
from antifraud.console.frame.languages import FOLDERS, language
from antifraud.console.frame.page import Console, acting, centre, needs, open_to_all, page
from antifraud.console.frame.texts import gettext as _
from antifraud.console.weekly import figures, items, reading
from antifraud.console.weekly.items import Items, Wanted
from antifraud.foundation.access import of_centre
from antifraud.foundation.problems import NotFound
from antifraud.timeliness.routes import centre_asked_for
from workflows.clocks import zone_of

ROOM: Final = "weekly"
HEADLINE: Final = "answer_timeliness"
_LONGEST_NUMBER: Final = 4


def blueprint(console: Console) -> Blueprint:
    """Return the room."""
    room = Blueprint("weekly_pages", __name__)

    @room.get("/weekly")
    @open_to_all
    def newest() -> str:
        """Show the newest published week, or the one that runs."""
        return shown(None)

    @room.get("/weekly/<week>")
    @open_to_all
    def week(week: str) -> str:
        """Show a week."""
        return shown(week)

    @room.get("/weekly/<week>/items")
    @needs("week.items")
    def week_items(week: str) -> str:
        """Show each thing that was counted for one figure of the week."""
        own = centre()
        of_centre(own.code)
        with acting(console) as work:
            found = items.read(work, own, reading.asked_week(work, own, week), _wanted())
            names = reading.names(work.connection, {line.institution for line in found.lines if line.institution})
        return _items_page(found, own, names)

    def shown(name: str | None) -> str:
        own = _whose(console)
        of_centre(own.code)
        with console.installation.database.begin(own.id) as connection:
            work = console.installation.work(connection, own.id, "reader:weekly")
            asked = reading.asked_week(work, own, name)
            found = reading.read(work, own, asked, _number(request.args.get("edition")))
        return _week_page(found)

    return room


def _whose(console: Console) -> Centre:
    """Return the centre of who is signed in, else the one asked for, as the JSON does it.

    Raises:
        NotFound: Somebody signed in asked for another one: drill and live are never mixed in one window.
    """
    code = request.args.get("centre")
    person = sessions.person()
    if person is None:
        return centre_asked_for(console.installation, code)
    own = console.centres[person.centre_id]
    if code not in {None, own.code}:
        raise NotFound("you see the weeks of your own centre")
    return own


def _number(written: str | None) -> int | None:
    """Return a small number of the address.

    Raises:
        NotFound: It is none, so there is no such page.
    """
    if written is None:
        return None
    if not (written.isascii() and written.isdigit() and len(written) <= _LONGEST_NUMBER):
        raise NotFound("there is no such page")
    return int(written)


def _wanted() -> Wanted:
    number = _number(request.args.get("page"))
    return Wanted(
        figure=request.args.get("figure", HEADLINE),
        counted=request.args.get("counted"),
        institution=request.args.get("institution"),
        page=1 if number is None else number,
    )


def _kept() -> dict[str, str]:
    """Return what a link to another week must carry on: whose figures, and in which language."""
    kept = {}
    if sessions.person() is None:
        if "centre" in request.args:
            kept["centre"] = request.args["centre"]
        if request.args.get("lang") in FOLDERS:
            kept["lang"] = request.args["lang"]
    return kept


def _address(path: str, **more: str | int | None) -> str:
    query = urlencode({**_kept(), **{name: value for name, value in more.items() if value is not None}})
    return f"/weekly/{path}" + (f"?{query}" if query else "")


def _week_page(found: reading.WeekPage) -> str:
    person = sessions.person()
    headline = found.headline
    return page(
        "weekly/week.html",
        room=ROOM,
        title=_week_title(found.week.name) + " · " + headline["title"][language()],
        view=found,
        words=language(),
        title_of_week=_week_title,
        span=_span(found),
        instants=_Instants(found.centre),
        address=_address,
        ranked=figures.ranked,
        change=figures.change,
        took=figures.took,
        check_code=figures.check_code,
        sentence=_sentence(found),
        may_check=person is not None and person.may("week.items"),
    )


def _items_page(found: Items, own: Centre, names: dict[str, dict[str, str]]) -> str:
    asked = _wanted()
    return page(
        "weekly/items.html",
        room=ROOM,
        title=_("Item by item") + " · " + _week_title(found.week.name),
        view=found,
        asked=asked,
        words=language(),
        names=names,
        title_of_week=_week_title,
        instants=_Instants(own),
        address=_address,
    )


class _Instants:
    """How instants of a centre are written, for whoever reads: in its zone, whoever is signed in."""

    def __init__(self, own: Centre) -> None:
        self._zone = zone_of(own.zone)
        self.zone = own.zone

    def long(self, at: datetime | str) -> str:
        """Return day and time to the second."""
        return f"{self._local(at):%Y-%m-%d %H:%M:%S}"

    def short(self, at: datetime | str) -> str:
        """Return month, day and time to the second: of a week the year is known."""
        return f"{self._local(at):%m-%d %H:%M:%S}"

    def iso(self, at: datetime | str) -> str:
        """Return it for machines, with the zone's offset."""
        return self._local(at).isoformat()

    def _local(self, at: datetime | str) -> datetime:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return moment.astimezone(self._zone)


def _week_title(name: str) -> str:
    year, number = name.split("-W")
    return str(_("Week %(number)s of %(year)s", year=year, number=int(number)))


def _span(found: reading.WeekPage) -> str:
    zone = zone_of(found.centre.zone)
    first, after = found.week.start.astimezone(zone), found.week.end.astimezone(zone)
    written = _(
        "%(first)s 00:00 up to %(after)s 00:00 (%(zone)s)",
        first=f"{first:%Y-%m-%d}",
        after=f"{after:%Y-%m-%d}",
        zone=found.centre.zone,
    )
    return str(written)


def _sentence(found: reading.WeekPage) -> str:
    """Say in words what the drawing shows."""
    first, last = found.chart.first, found.chart.last
    if first is None or last is None:
        return str(_("No rate was published in these weeks."))
    values: dict[str, Any] = {
        "first_week": _week_title(first.point.week),
        "first": first.point.rate,
        "last_week": _week_title(last.point.week),
        "last": last.point.rate,
    }
    if first is last:
        return str(_("%(last_week)s: %(last)s%%.", **values))
    return str(_("%(first_week)s: %(first)s%%; %(last_week)s: %(last)s%%.", **values))
