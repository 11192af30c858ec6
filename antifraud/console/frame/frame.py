"""The frame around every room: rail, bar, foot; and the pages that belong to no room."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Flask, current_app, request

from antifraud.console.frame import languages, live, machine, sessions, shown
from antifraud.console.frame.page import Console, needs, page
from antifraud.console.frame.texts import LazyString, lazy_gettext
from antifraud.console.frame.texts import gettext as _


@dataclass(frozen=True, slots=True)
class Room:
    """One entry of the rail."""

    name: str
    address: str
    label: LazyString
    icon: str
    act: str
    key: str


RAIL: Final = (
    Room("worklist", "/", lazy_gettext("Worklist"), "list-details", "worklist.see", "W"),
    Room("reporting", "/reports/new", lazy_gettext("Report"), "phone-incoming", "report.take", "N"),
    Room("casework", "/cases", lazy_gettext("Cases"), "folder", "case.see", "C"),
    Room("approvals", "/approvals", lazy_gettext("Approvals"), "checks", "measure.approve", "P"),
    Room("weekly", "/weekly", lazy_gettext("Weekly"), "chart-bar", "week.see", "R"),
    Room("schemes", "/workflows", lazy_gettext("Schemes"), "sitemap", "scheme.see", "S"),
)
"""Every room in the order of the rail; one that is not built, or not for this person, is not shown."""
KINDS_OF_DRILL: Final = "drill"


def register(app: Flask, console: Console) -> None:
    """Give every template what the frame shows, and add the pages that belong to no room."""
    app.context_processor(lambda: {"frame": Frame(console)})
    app.register_blueprint(_pages())


class Frame:
    """What the frame shows to whoever looks, each thing read only where the template asks for it."""

    def __init__(self, console: Console) -> None:
        """Take the console; who asks is known from the request."""
        self._console = console
        self.person = sessions.person()

    @property
    def centre(self) -> Any:  # noqa: ANN401 - a Centre, or nothing before the sign-in
        """The centre of who asks."""
        return self._console.centres[self.person.centre_id] if self.person is not None else None

    @property
    def is_drill(self) -> bool:
        """Whether this is the drill: its pages are striped, so that nobody takes it for the real thing."""
        return self.centre is not None and self.centre.kind == KINDS_OF_DRILL

    @property
    def lang(self) -> str:
        """The language of the page, as HTML names it."""
        return languages.TAGS[languages.language()]

    @property
    def theme(self) -> str | None:
        """The theme to write down; nothing where the system decides."""
        zone = self.centre.zone if self.centre is not None else languages.DEFAULT_ZONE
        return languages.theme_of(self.person, shown.now(), zone)

    @property
    def rate(self) -> float:
        """How many seconds of the clock pass in a real one."""
        return self._console.installation.clock.rate()

    @property
    def rooms(self) -> list[Room]:
        """The rooms that there are and that this person may enter."""
        person = self.person
        if person is None:
            return []
        built = {rule.rule for rule in current_app.url_map.iter_rules()}
        return [room for room in RAIL if room.address in built and person.may(room.act)]

    @property
    def machine(self) -> dict[str, Any]:
        """What the header says of the machinery."""
        hub: live.Hub = current_app.extensions[live.EXTENSION]
        return machine.spoken(hub.watch.of(self.centre.id))

    @property
    def initial(self) -> str:
        """The first character of the person's name, for the disc in the corner."""
        return self.person.name[:1].upper() if self.person is not None else ""

    def in_language(self, code: str) -> str:
        """This page's address in another language."""
        return f"{request.path}?{urlencode({**request.args.to_dict(), 'lang': code})}"

    @property
    def here(self) -> str:
        """This page's address, to come back to."""
        return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _pages() -> Blueprint:
    pages = Blueprint("frame", __name__)

    @pages.get("/help")
    @needs("me.settings")
    def help_page() -> str:
        """Explain the keys, the words and the signs."""
        return page("frame/help.html", room="", title=_("Help"))

    @pages.get("/account")
    @needs("me.settings")
    def account() -> str:
        """Show the person's own settings."""
        return page("frame/account.html", room="account", title=_("My settings"))

    return pages
