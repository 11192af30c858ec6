"""Browsers in which somebody has signed in before: by this cookie a stranger's guesses do not keep them out.

It opens nothing: it only says under which heading wrong passwords are counted.

Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import secrets
from typing import Final

from flask import Flask, Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

from antifraud.auth.rules import login_name
from antifraud.console.frame.sessions import cookie_name

DAYS: Final = 90
NAMES: Final = 12
"""So many logins a shared machine is known for; the one that signed in longest ago is forgotten first."""


def known_as(app: Flask, request: Request, public_url: str, typed_name: str) -> str | None:
    """Return the id of this browser if the login has signed in from it before."""
    browser, names = _read(app, request, public_url)
    return browser if login_name(typed_name) in names else None


def remember(app: Flask, request: Request, response: Response, public_url: str, name: str) -> None:
    """Let this browser prove from now on that the login has signed in from it."""
    browser, names = _read(app, request, public_url)
    names = [name, *(other for other in names if other != name)][:NAMES]
    response.set_cookie(
        _cookie(public_url),
        _signer(app).dumps([browser, names]),
        max_age=DAYS * 24 * 3600,
        path="/",
        secure=public_url.startswith("https://"),
        httponly=True,
        samesite="Strict",
    )


def _read(app: Flask, request: Request, public_url: str) -> tuple[str, list[str]]:
    try:
        browser, names = _signer(app).loads(request.cookies.get(_cookie(public_url), ""))
    except BadSignature:
        return secrets.token_hex(16), []
    return str(browser), [str(name) for name in names]


def _cookie(public_url: str) -> str:
    return f"{cookie_name(public_url)}-known"


def _signer(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(app.secret_key or b"", salt="known browser")
