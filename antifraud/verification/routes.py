"""For machines that watch: does it answer, may reports be sent here, is all done that should be, what is late."""

import hmac
from ipaddress import ip_address

from flask import Blueprint, Response, request
from sqlalchemy import text

from antifraud import __version__
from antifraud.foundation import metrics
from antifraud.foundation.json import canonical
from antifraud.foundation.lifetime import Lifetime
from antifraud.foundation.problems import NotAuthenticated
from antifraud.installation import Installation
from antifraud.verification.gauges import Gauges
from antifraud.verification.readiness import readiness
from antifraud.watching.alarms import Alarm, alarms
from workflows.codec import instant_to_text

NOT_READY = 503
LOOK_AGAIN_SECONDS = 5
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def blueprint(installation: Installation, lifetime: Lifetime) -> Blueprint:
    """Return ``/livez``, ``/readyz``, ``/healthz`` and ``/metrics``; none of them holds personal data."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        """Say that this process answers and reaches the database: an answer late or missing is reason to restart it."""
        with installation.database.begin(None) as connection:
            connection.execute(text("SELECT 1"))
        return Response(canonical({"status": "ok", "version": __version__}), mimetype="application/json")

    @routes.get("/healthz")
    def healthz() -> Response:
        """Say whether the whole service does what it should: 200, or 503 where an alarm stands.

        It is read from the tables by this process, so that it is seen from here when no worker and no auditor lives.
        Which alarms they are only a monitor is told: what is not watched over is nobody else's business.
        """
        found = alarms(installation.database, installation.clock, installation.centres())
        document: dict[str, object] = {"status": "failing" if found else "ok", "version": __version__}
        if _is_monitor(installation.settings.metrics_token):
            document["alarms"] = [_shown(alarm) for alarm in found]
        response = Response(canonical(document), mimetype="application/json")
        if found:
            response.status_code = NOT_READY
        return response

    @routes.get("/readyz")
    def readyz() -> Response:
        """Say whether reports may be sent here: 200, or 503 with what is in the way."""
        checks = readiness(installation, lifetime)
        is_ready = all(check.is_ok for check in checks)
        document = {
            "status": "ready" if is_ready else "not_ready",
            "version": __version__,
            "checks": {check.name: check.found for check in checks},
        }
        response = Response(canonical(document), mimetype="application/json")
        if not is_ready:
            response.status_code = NOT_READY
            response.headers["Retry-After"] = str(LOOK_AGAIN_SECONDS)
        return response

    @routes.get("/metrics")
    def exposed() -> Response:
        """Give what was counted and what is late, in the text format of Prometheus."""
        if not _is_monitor(installation.settings.metrics_token):
            raise NotAuthenticated(
                "metrics are for this machine, or for the bearer token of the setting ANTIFRAUD_METRICS_TOKEN"
            )
        return Response(metrics.exposition([Gauges(installation)]), content_type=metrics.CONTENT_TYPE)

    return routes


def _shown(alarm: Alarm) -> dict[str, object]:
    return {
        "alarm": alarm.code,
        "centre": alarm.centre,
        "count": alarm.count,
        "since": None if alarm.since is None else instant_to_text(alarm.since),
        "says": alarm.sentence(),
    }


def _is_monitor(token: str | None) -> bool:
    """Tell whether this machine itself asks, or somebody who has the token.

    What a proxy on this machine hands on comes from loopback too: it needs the token.
    """
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token is not None and scheme.casefold() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return True
    return _is_loopback(request.remote_addr) and not any(name in request.headers for name in _FORWARDED)


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
