"""The console's pages, put together: sessions, languages, the frame, and the rooms there are."""

from importlib import import_module
from typing import Final

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect

from antifraud.console.frame import assets, errors, frame, languages, live, sessions, shown, signing, squeeze
from antifraud.console.frame.page import EXTENSION, Console
from antifraud.installation import Installation
from antifraud.intake.door import Door

ROOMS: Final[tuple[str, ...]] = (
    "antifraud.console.worklist.routes",
    "antifraud.console.reporting.routes",
    "antifraud.console.casework.routes",
    "antifraud.console.weekly.routes",
    "antifraud.console.schemes.routes",
)
"""The modules whose ``blueprint(console)`` makes a room, one a line."""


def register(app: Flask, installation: Installation, door: Door) -> None:
    """Add the console to the application: its pages, its errors, its session and its guard against forged forms."""
    centres = {centre.id: centre for centre in installation.centres()}
    console = Console(
        installation=installation,
        door=door,
        centres=centres,
        mails={centre.id: installation.mail(centre) for centre in centres.values()},
    )
    app.extensions[EXTENSION] = console
    sessions.install(app, installation)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # asked for below, by address: machines have credentials of their own
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    csrf = CSRFProtect(app)
    languages.register(app)
    shown.register(app)
    errors.register(app)
    assets.register(app)
    frame.register(app, console)
    squeeze.register(app)
    live.register(app, console)
    app.register_blueprint(signing.blueprint(console))
    for name in ROOMS:
        app.register_blueprint(import_module(name).blueprint(console))

    @app.before_request
    def refuse_forged_forms() -> None:
        """Take a change only with the token of its own session."""
        if not errors.for_machines() and request.method not in {"GET", "HEAD", "OPTIONS"}:
            csrf.protect()
