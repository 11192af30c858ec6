"""The browser's side of a session: one cookie with a random token; everything else is a row on the server.

Who is not signed in yet has no row, only a signed cookie for the token against
forged forms. The row is looked up just before the view, and not when
Flask opens the session: an error there would go past the pages for errors.
"""

from hashlib import blake2b
from typing import Any, Final, cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, g, has_request_context, request, session
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeSerializer
from typing_extensions import override
from werkzeug.exceptions import Forbidden

from antifraud.auth import sessions as rows
from antifraud.auth.people import Person
from antifraud.auth.service import token_hash
from antifraud.installation import Installation

WITHOUT_SESSION: Final = ("/static/", "/api/", "/livez", "/healthz", "/readyz", "/metrics", "/.well-known/")
"""Addresses under which nobody is looked for, whatever cookie comes along."""
BY_ITSELF: Final = frozenset({"/live", "/pulse"})
"""What an open page asks for by itself: it does not show that somebody is there."""
_LONGEST_TOKEN: Final = 64
_CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class BrowserSession(SecureCookieSession):
    """What a page may keep (flashes, the token against forged forms), and whose session it is."""

    def __init__(self, initial: dict[str, Any] | None = None, *, token: str | None = None) -> None:
        """Begin with what the cookies say; `token` is looked up later."""
        super().__init__(initial)
        self.token = token
        self.row: rows.Session | None = None
        self.is_known_void = False
        self._new_token: str | None = None

    @property
    def person(self) -> Person | None:
        """Who is signed in, or None."""
        return None if self.row is None else self.row.person

    @property
    def new_token(self) -> str | None:
        """The token to give to the browser, where a session was opened by this request."""
        return self._new_token

    def take(self, row: rows.Session) -> None:
        """Go on with the session that the browser showed."""
        dict.clear(self)
        dict.update(self, row.data)
        self.row = row

    def begin(self, opened: rows.Opened) -> str:
        """Go on with a session just opened, and nothing of the one before; return its token against forged forms."""
        self.take(opened.session)
        self._new_token = opened.token
        g.pop("csrf_token", None)
        self.modified = True
        token: str = generate_csrf()
        return token

    def leave(self) -> None:
        """Forget everything; the row was ended."""
        dict.clear(self)
        g.pop("csrf_token", None)
        self.row, self._new_token, self.is_known_void = None, None, True
        self.modified = True


class Sessions(SessionInterface):
    """Flask's way to the rows of sessions."""

    def __init__(self, installation: Installation) -> None:
        """Keep where the rows are, and whether the address of the service is a secure one."""
        self.installation = installation
        self.is_secure = _is_secure(installation.settings.public_url)
        self.cookie = cookie_name(installation.settings.public_url)
        self.door_cookie = f"{self.cookie}-door"
        address = urlsplit(installation.settings.public_url)
        self.origin = f"{address.scheme}://{address.netloc}"

    @override
    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """Return what the cookies say; who it is, is found before the view."""
        token = request.cookies.get(self.cookie)
        if token is not None and len(token) > _LONGEST_TOKEN:
            token = None
        return BrowserSession(self._door(app, request), token=token)

    @override
    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed to the row, or, where nobody is signed in, into the signed cookie."""
        kept = cast("BrowserSession", session)
        if request.path.startswith(WITHOUT_SESSION):
            return
        response.vary.add("Cookie")
        if kept.row is not None:
            if kept.modified:
                with self.installation.database.begin(kept.row.person.centre_id) as connection:
                    rows.keep(connection, kept.row.id, dict(kept))
            if kept.new_token is not None:
                self._set(response, self.cookie, kept.new_token)
                self._unset(response, self.door_cookie)
            return
        if kept.is_known_void:
            self._unset(response, self.cookie)
        if kept.modified and kept:
            self._set(response, self.door_cookie, _signer(app).dumps(dict(kept)))
        elif kept.modified:
            self._unset(response, self.door_cookie)

    def load(self) -> None:
        """Find whose session the request shows."""
        opened = cast("BrowserSession", session)
        if opened.token is None or request.path.startswith(WITHOUT_SESSION):
            return
        found = rows.find(
            self.installation.database,
            self.installation.clock,
            token_hash(opened.token),
            is_use=request.path not in BY_ITSELF,
        )
        if found is None:
            opened.is_known_void = True
        else:
            opened.take(found)

    def refuse_foreign(self) -> None:
        """Refuse a change that another site's page asks for, by what the browser says of where it comes from.

        The token against forged forms refuses it too; this one needs no token
        to be right. Our own forms send the origin ``null``, as our pages keep
        their address back.

        Raises:
            Forbidden: Another site, or another port of this machine.
        """
        if request.method in _CHANGES_NOTHING or request.path.startswith(WITHOUT_SESSION):
            return
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        is_foreign = site not in {None, "same-origin", "none"}
        if is_foreign or (site is None and origin not in {None, "null", request.host_url.rstrip("/"), self.origin}):
            raise Forbidden("this was asked for by a page of another site")

    def _door(self, app: Flask, request: Request) -> dict[str, Any]:
        signed = request.cookies.get(self.door_cookie)
        if not signed:
            return {}
        try:
            found: dict[str, Any] = _signer(app).loads(signed)
        except BadSignature:
            return {}
        return found

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, path="/", secure=self.is_secure, httponly=True, samesite="Lax")

    def _unset(self, response: Response, name: str) -> None:
        if name in request.cookies:
            response.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="Lax")


def install(app: Flask, installation: Installation) -> None:
    """Give the application its sessions; call it before anything else that looks at a request."""
    keys = installation.vault.keys
    app.secret_key = blake2b(b"console", key=keys.session, digest_size=32).digest()
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,  # the token lives and ends with its session
        WTF_CSRF_SSL_STRICT=False,  # it asks for a Referer, which our own policy keeps back; see refuse_foreign
    )
    interface = app.session_interface = Sessions(installation)

    @app.before_request
    def load() -> None:
        interface.refuse_foreign()
        interface.load()


def current() -> BrowserSession:
    """Return the session of the running request."""
    return cast("BrowserSession", session)


def person() -> Person | None:
    """Return who is signed in, or None; None outside of a request too."""
    return getattr(session, "person", None) if has_request_context() else None


def token_hash_of_request() -> bytes | None:
    """Return the hash of the token of who is signed in: by it a stream asks again later, without the token itself."""
    opened = current()
    return token_hash(opened.token) if opened.row is not None and opened.token is not None else None


def still_open() -> bool:
    """Tell whether the session of the running request is open now; asking is no use of it."""
    presented, interface = token_hash_of_request(), cast("Sessions", current_app.session_interface)
    return presented is not None and still_valid(interface.installation, presented)


def still_valid(installation: Installation, presented: bytes) -> bool:
    """Tell whether a session is open now, by the hash of its token; asking is no use of it."""
    return rows.find(installation.database, installation.clock, presented, is_use=False) is not None


def cookie_name(public_url: str) -> str:
    """Return the cookie's name: over https with the prefix that lets no other host or plain http set it."""
    return "__Host-antifraud" if _is_secure(public_url) else "antifraud"


def _is_secure(public_url: str) -> bool:
    return public_url.startswith("https://")


def _signer(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(app.secret_key or b"", salt="door")
