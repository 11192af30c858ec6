"""Who asks, what they may, and the page around what a room shows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from antifraud.auth.people import Person
from antifraud.auth.service import Centre
from antifraud.cases.messages import Mail
from antifraud.console.frame import sessions
from antifraud.installation import Installation
from antifraud.intake.door import Door
from antifraud.work import Work

EXTENSION: Final = "antifraud_console"
"""Under this name the application holds its `Console`."""
SIGNING: Final = "signing"
"""The blueprint of sign-in, sign-out and password: the only one that a person who must change the password reaches."""
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Console:
    """What every room is built on."""

    installation: Installation
    door: Door
    centres: Mapping[UUID, Centre]
    mails: Mapping[UUID, Mail]


def console() -> Console:
    """Return the console of the running application."""
    found: Console = current_app.extensions[EXTENSION]
    return found


def me() -> Person:
    """Return who asks; only inside a route that `needs` guards."""
    person = sessions.person()
    if person is None:
        message = "nobody is signed in: guard this route with needs()"
        raise LookupError(message)
    return person


def centre() -> Centre:
    """Return the centre of who asks."""
    return console().centres[me().centre_id]


def needs(act: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R | AnyResponse]]:
    """Guard a route: whoever is not signed in is sent to the sign-in, whoever may not do ``act`` sees no such page.

    The act stands in the view's ``__act__``, by which a test walks all routes with all roles.
    """

    def decorate(view: Callable[_P, _R]) -> Callable[_P, _R | AnyResponse]:
        @wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R | AnyResponse:
            person = sessions.person()
            if person is None:
                return to_sign_in()
            if person.must_change and request.blueprint != SIGNING:
                return redirect(url_for("signing.password"))
            if not person.may(act):
                raise NotFound
            return view(*args, **kwargs)

        guarded.__dict__["__act__"] = act
        return guarded

    return decorate


def open_to_all(view: Callable[_P, _R]) -> Callable[_P, _R]:
    """Say that a route is for everybody, signed in or not; a route of the console says this or `needs`."""
    view.__dict__["__act__"] = None
    return view


def to_sign_in() -> AnyResponse:
    """Send to the sign-in and back to this page afterwards; a script's request gets 401 and the address to go to."""
    back = request.full_path.rstrip("?") if request.method == "GET" and not by_script() else None
    address = url_for("signing.sign_in") + (f"?{urlencode({'next': back})}" if back and back != "/" else "")
    if by_script():
        return Response(status=401, headers={"HX-Redirect": address})
    return redirect(address)


def by_script() -> bool:
    """Tell whether htmx, the stream or a module of ours asks, and not the browser for a page."""
    headers = request.headers
    return "HX-Request" in headers or headers.get("X-Requested-With") == "fetch" or request.path == "/live"


@contextmanager
def acting(console: Console) -> Iterator[Work]:
    """Open one transaction of my centre in my name; it commits at the end and rolls back on any exception."""
    person = me()
    with console.installation.database.begin(person.centre_id) as connection:
        yield console.installation.work(connection, person.centre_id, person.actor)


def page(template: str, /, *, room: str, title: str, alert: str | None = None, **values: Any) -> str:  # noqa: ANN401 - whatever a template shows
    """Return a full page: the room's template in the frame.

    Args:
        template: Extends ``frame/page.html`` (or ``frame/bare.html``, without rail and bar).
        room: Which entry of the rail is lit; empty for none.
        title: What the page is, for the title of the tab.
        alert: What is wrong, said before the title ("1 overdue").
        values: What the template shows.
    """
    return render_template(template, room=room, title=title, alert=alert, **values)


def part(template: str, /, **values: Any) -> str:  # noqa: ANN401 - whatever a template shows
    """Return a fragment, for a page that is already there."""
    return render_template(template, **values)
