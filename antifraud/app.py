"""The web application: routes of every edge, put together here and nowhere else."""

import os
import re
from pathlib import Path

from flask import Flask, Response

from antifraud.channel.routes import BankGate
from antifraud.channel.signatures import Signer
from antifraud.console import routes as console
from antifraud.console.frame import live, sessions
from antifraud.foundation.access import of_centre, register_access
from antifraud.foundation.lifetime import Lifetime
from antifraud.foundation.logs import configure
from antifraud.foundation.problems import NotFound
from antifraud.foundation.settings import Settings
from antifraud.foundation.web import register_problem_handlers
from antifraud.installation import Installation
from antifraud.intake import routes as intake
from antifraud.intake.door import Door
from antifraud.timeliness import routes as weekly
from antifraud.verification import routes as health

MAX_BODY_BYTES = 2_000_000
PROBLEM_PAGES = Path(__file__).resolve().parent.parent / "docs" / "problems"
_SLUG = re.compile(r"[a-z][a-z-]{2,60}", re.ASCII)


def create_app(installation: Installation) -> Flask:
    """Build the application on an installation; nothing is read from the surroundings here."""
    app = Flask("antifraud", static_folder=None, template_folder="console/templates")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    lifetime = Lifetime()
    app.extensions["lifetime"] = lifetime
    lifetime.at_end(live.stop)
    lifetime.afterwards(installation.database.close)
    # First, so that it sees every answer as it leaves.
    register_access(app)
    register_problem_handlers(app)
    centres = {centre.id: centre for centre in installation.centres()}
    mails = {centre.id: installation.mail(centre) for centre in centres.values()}
    settings, keys = installation.settings, installation.vault.keys
    door = Door.of(installation)
    app.register_blueprint(intake.blueprint(door))
    gate = BankGate(
        database=installation.database,
        clock=installation.clock,
        vault=installation.vault,
        signer=Signer(keys.signing_key_id, keys.signing, settings.environment),
        mails=mails,
        centre_codes={centre.id: centre.code for centre in centres.values()},
        public_url=settings.public_url,
        environment=settings.environment,
    )
    app.register_blueprint(gate.blueprint())
    app.register_blueprint(weekly.blueprint(installation))
    app.register_blueprint(health.blueprint(installation, lifetime))
    console.register(app, installation, door)

    @app.before_request
    def name_centre() -> None:
        """Have the access log say whose person asks."""
        person = sessions.person()
        if person is not None:
            of_centre(centres[person.centre_id].code)

    @app.get("/problems/<slug>")
    def problem_page(slug: str) -> Response:
        """Say what to do about a type of problem."""
        path = PROBLEM_PAGES / f"{slug}.md"
        if not _SLUG.fullmatch(slug) or not path.is_file():
            raise NotFound("there is no such type of problem")
        return Response(path.read_bytes(), content_type="text/markdown; charset=utf-8")

    return app


def application() -> Flask:
    """Return the application of this process's surroundings: what a WSGI server loads."""
    settings = Settings.from_environment(os.environ)
    configure("antifraud web")
    return create_app(Installation.open(settings, pool_size=settings.web_pool_size, process="antifraud web"))
