"""The week's figures over HTTP: open to read, without personal data."""

from hashlib import sha256

from flask import Blueprint, Response, request

from antifraud.auth.service import Centre
from antifraud.foundation.json import canonical
from antifraud.foundation.problems import NotFound
from antifraud.installation import Installation
from antifraud.timeliness.service import weekly_document
from antifraud.timeliness.weeks import Week


def blueprint(installation: Installation) -> Blueprint:
    """Return the routes under ``/weekly/``."""
    pages = Blueprint("weekly", __name__)

    @pages.get("/weekly/<week>.json")
    def weekly(week: str) -> Response:
        centre = centre_asked_for(installation, request.args.get("centre"))
        asked = Week.parse(week, centre.zone)
        with installation.database.begin(centre.id) as connection:
            work = installation.work(connection, centre.id, "reader:weekly")
            body = canonical(weekly_document(work, centre, asked))
        response = Response(body, content_type="application/json")
        response.set_etag(sha256(body).hexdigest())
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    return pages


def centre_asked_for(installation: Installation, code: str | None) -> Centre:
    """Return the centre whose code was asked for, or the live one; in production only what is live can be seen.

    Raises:
        NotFound: There is none of that code, or it is not for everybody.
    """
    centres = installation.centres()
    if installation.settings.environment == "production":
        centres = [centre for centre in centres if centre.kind == "live"]
    for centre in centres:
        if code in {None, centre.code}:
            return centre
    raise NotFound("there is no such centre here: leave ?centre= out")
