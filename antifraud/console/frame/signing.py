"""Sign-in, sign-out, one's own password and settings."""

from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Final, Protocol
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, make_response, redirect, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from antifraud.auth.people import Person, active_people, change_settings
from antifraud.auth.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD
from antifraud.auth.sessions import Opened
from antifraud.auth.signing_in import NewPasswordRefused, SigningIn, SignInRefused
from antifraud.auth.throttle import TooManyFailures
from antifraud.console.frame import browsers, sessions
from antifraud.console.frame.page import SIGNING, Console, acting, centre, me, needs, open_to_all, page
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.foundation.problems import Unavailable

_LANDINGS: Final = (("worklist.see", "/"), ("case.see", "/cases"), ("people.manage", "/people"))
ANYBODYS_LANDING: Final = "/account"
_LONGEST_ADDRESS: Final = 2000
_BUSY_SECONDS: Final = 5


class _Form(Protocol):
    def __call__(self, errors: dict[str, str], status: HTTPStatus, *, seconds: int | None = None) -> Response: ...


def blueprint(console: Console) -> Blueprint:
    """Return the routes by which people come and go."""
    signing = Blueprint(SIGNING, __name__)
    views = _Views(console)
    add = signing.add_url_rule
    add("/sign-in", "sign_in", open_to_all(views.ask), methods=["GET"])
    add("/sign-in", "sign_in_post", open_to_all(views.sign_in), methods=["POST"])
    add("/sign-out", "sign_out", open_to_all(views.sign_out), methods=["POST"])
    add("/password", "password", needs("me.settings")(views.ask_password), methods=["GET"])
    add("/password", "password_post", needs("me.settings")(views.change_password), methods=["POST"])
    add("/people", "people", needs("people.manage")(views.people), methods=["GET"])
    add("/settings", "settings", needs("me.settings")(views.change_settings), methods=["POST"])
    return signing


def local_path(text: str | None) -> str | None:
    """Return an address if it is a path of this service, else None: nobody is sent elsewhere by a link to us."""
    if not text or len(text) > _LONGEST_ADDRESS or not text.startswith("/") or text.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and drop tabs and line ends.
    if "\\" in text or any(ord(character) <= ord(" ") or ord(character) == 0x7F for character in text):  # noqa: PLR2004 - DEL
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc or parts.path in {"/sign-in", "/sign-out"} else text


def landing(person: Person) -> str:
    """Return the page on which somebody of these roles begins."""
    return next((path for act, path in _LANDINGS if person.may(act)), ANYBODYS_LANDING)


def stale_form(_error: Exception) -> Response:
    """Return the form again, with a fresh token against forged forms, where its own is no longer right."""
    words = _("This page was open for too long. Nothing was changed; please try once more.")
    form = _password_form if request.endpoint == "signing.password_post" and sessions.person() else _form
    return form({"": words}, HTTPStatus.BAD_REQUEST)


class _Views:
    """The views; each parses, calls one service, and answers."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._public_url = console.installation.settings.public_url
        installation = console.installation
        self._door = SigningIn(installation.database, installation.clock, installation.vault)

    def ask(self) -> Response | AnyResponse:
        """Show the form; a script is told the token of now, and who is signed in."""
        person = sessions.person()
        if _by_fetch():
            return jsonify(csrf_token=generate_csrf(), person=None if person is None else str(person.id))
        if person is not None:
            return redirect(local_path(request.args.get("next")) or landing(person))
        return _form({}, HTTPStatus.OK)

    def sign_in(self) -> Response | AnyResponse:
        """Let somebody in, or say why not, without saying whether there is such a name."""
        name, password = request.form.get("name", ""), request.form.get("password", "")
        errors = {}
        if not name.strip():
            errors["name"] = _("Please type your login name.")
        if not password:
            errors["password"] = _("Please type your password.")
        if errors:
            return _form(errors, HTTPStatus.UNPROCESSABLE_ENTITY)
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - what a proxy stands for
        try:
            opened = self._door.sign_in(
                name,
                password,
                browser=browsers.known_as(app, request, self._public_url, name),
                replaces=sessions.current().row,
            )
        except SignInRefused:
            return _form(
                {"password": _("The name and the password do not belong together.")}, HTTPStatus.UNPROCESSABLE_ENTITY
            )
        except TooManyFailures as error:
            return _wait(error)
        except Unavailable:
            return _busy()
        answer = _opened(opened, landing(opened.session.person))
        browsers.remember(app, request, answer, self._public_url, opened.session.person.name)
        return answer

    def sign_out(self) -> AnyResponse:
        """End the session, and let the browser drop what it kept of it."""
        current = sessions.current()
        if current.row is not None:
            self._door.sign_out(current.row)
        current.leave()
        answer = redirect(url_for("signing.sign_in"))
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer

    def ask_password(self) -> Response:
        """Show the form for another password."""
        return _password_form({}, HTTPStatus.OK)

    def change_password(self) -> Response | AnyResponse:
        """Give me another password; my other sessions end."""
        old, new, again = (request.form.get(field, "") for field in ("old", "new", "again"))
        errors = {}
        if not old:
            errors["old"] = _("Please type the password that you have now.")
        if new != again:
            errors["again"] = _("The two are not the same: type the new password twice.")
        row = sessions.current().row
        if errors or row is None:
            return _password_form(errors, HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            opened = self._door.change_password(row, old, new)
        except NewPasswordRefused as error:
            return _password_form({"new": _fault_words(error.fault)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except SignInRefused:
            return _password_form(
                {"old": _("This is not the password that you have now.")}, HTTPStatus.UNPROCESSABLE_ENTITY
            )
        except TooManyFailures as error:
            return _wait(error, form=_password_form)
        except Unavailable:
            return _busy(form=_password_form)
        return _opened(opened, landing(opened.session.person))

    def change_settings(self) -> Response | AnyResponse:
        """Keep my language, theme and shortcuts; what is not sent stays."""
        person, sent = me(), request.form
        with acting(self._console) as work:
            try:
                change_settings(
                    work,
                    person.id,
                    locale=sent.get("locale", person.locale) or None,
                    theme=sent.get("theme", person.theme) or None,
                    has_shortcuts=sent["has_shortcuts"] == "1" if "has_shortcuts" in sent else person.has_shortcuts,
                )
            except ValueError:
                return Response(status=HTTPStatus.UNPROCESSABLE_ENTITY)
        if _by_fetch():
            return Response(status=HTTPStatus.NO_CONTENT)
        return redirect(local_path(sent.get("next")) or landing(person))

    def people(self) -> str:
        """Say to an administrator who can sign in, and by which commands that changes."""
        with acting(self._console) as work:
            everybody = active_people(work.connection)
        return page("frame/people.html", room="people", title=_("Logins"), people=everybody, centre_code=centre().code)


def _opened(opened: Opened, default: str) -> Response:
    """Answer somebody who now has a new session."""
    token = sessions.current().begin(opened)
    if _by_fetch():
        answer = Response(status=HTTPStatus.NO_CONTENT)
        answer.headers["X-CSRFToken"], answer.headers["X-Person"] = token, str(opened.session.person.id)
        return answer
    # The form that asks for another password comes first; needs() sees to it.
    return make_response(redirect(local_path(request.form.get("next")) or default))


def _form(errors: dict[str, str], status: HTTPStatus, *, seconds: int | None = None) -> Response:
    errors = {field or "name": words for field, words in errors.items()}
    wanted = local_path(request.values.get("next")) or ""
    return _answer(
        errors,
        status,
        seconds,
        lambda: page(
            "frame/sign_in.html",
            room="",
            title=_("Sign in"),
            errors=errors,
            name=request.form.get("name", ""),
            wanted=wanted,
        ),
    )


def _password_form(errors: dict[str, str], status: HTTPStatus, *, seconds: int | None = None) -> Response:
    errors = {field or "old": words for field, words in errors.items()}
    return _answer(
        errors,
        status,
        seconds,
        lambda: page(
            "frame/password.html",
            room="",
            title=_("Password"),
            errors=errors,
            shortest=SHORTEST_PASSWORD,
            is_first=me().must_change,
            wanted=local_path(request.values.get("next")) or "",
        ),
    )


def _answer(errors: dict[str, str], status: HTTPStatus, seconds: int | None, show: Callable[[], str]) -> Response:
    answer = jsonify(errors=errors) if _by_fetch() else make_response(show())
    answer.status_code = status
    if seconds is not None:
        answer.headers["Retry-After"] = str(seconds)
    return answer


def _wait(error: TooManyFailures, form: _Form = _form) -> Response:
    """Say how long to wait: rounded up, so that the next try is not too early again."""
    seconds = ceil(error.retry_after.total_seconds())
    minutes = ceil(seconds / 60)
    words = ngettext(
        "Too many wrong passwords. Try again in %(num)d minute; open sessions go on.",
        "Too many wrong passwords. Try again in %(num)d minutes; open sessions go on.",
        minutes,
    )
    return form({"": words}, HTTPStatus.TOO_MANY_REQUESTS, seconds=seconds)


def _busy(form: _Form = _form) -> Response:
    words = _("Many people are signing in just now. Please try again in some seconds.")
    return form({"": words}, HTTPStatus.SERVICE_UNAVAILABLE, seconds=_BUSY_SECONDS)


def _fault_words(fault: str) -> str:
    words: dict[str, str] = {
        "short": _(
            "The new password needs at least %(count)d characters, for example four words.",
            count=SHORTEST_PASSWORD,
        ),
        "long": _("The new password is too long: at most %(count)d characters.", count=LONGEST_PASSWORD),
        "name": _("The new password must be more than your login name."),
        "same": _("The new password is the one that you have now: choose another."),
    }
    return words[fault]


def _by_fetch() -> bool:
    """Tell whether a script of ours asks, over a page that stays open."""
    return request.headers.get("X-Requested-With") == "fetch"
