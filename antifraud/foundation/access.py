"""One line a request, and its counts: which route, how it ended, how long it took; never who asked for what.

A path can hold a case number, a query anything that somebody typed, an address is a person's: so the line names the
route's template, and neither query, address nor agent.
"""

import re
import secrets
import time
from typing import Final

import structlog
from flask import Flask, Response, g, has_request_context, request

from antifraud.foundation.metrics import REPORTS, REQUEST_SECONDS, REQUESTS, STREAMS, report_outcome

HEADER: Final = "X-Request-Id"
REPORTS_ENDPOINT: Final = "reports.submit"
NO_ROUTE: Final = "(no such address)"
_GIVEN = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = ("/static/", "/livez", "/healthz", "/readyz", "/metrics")
"""Asked every few seconds by machines, or many times a page: a line only where they fail."""
_FIRST_ERROR: Final = 400
_STREAM: Final = "text/event-stream"

log = structlog.get_logger("access")


def register_access(app: Flask) -> None:
    """Number, time, log and count every request of ``app``; call it before anything else is registered."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def request_id() -> str:
    """Return the id of the running request, which its answer and its log lines carry; a fresh one outside of any.

    A proxy's own id is taken over if it is a UUID or 32 hex digits: anything else could say something about a person.
    """
    if not has_request_context():
        return secrets.token_hex(16)
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _GIVEN.fullmatch(given) else secrets.token_hex(16)
    found: str = g.request_id
    return found


def of_centre(code: str) -> None:
    """Say whose request this is, once its credential told."""
    g.centre_code = code
    structlog.contextvars.bind_contextvars(centre=code)


def route() -> str:
    """Return the template of the running request's address, such as ``/cases/<no>``."""
    return NO_ROUTE if request.url_rule is None else request.url_rule.rule


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    template = route()
    method = request.method if request.method in _METHODS else "OTHER"
    REQUESTS.labels(template, method, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(template, method).observe(seconds)
    if request.endpoint == REPORTS_ENDPOINT:
        REPORTS.labels(_outcome(response)).inc()
    if response.mimetype == _STREAM:
        STREAMS.inc()
        response.call_on_close(STREAMS.dec)
    response.headers[HEADER] = request_id()
    if response.status_code >= _FIRST_ERROR or not template.startswith(_QUIET):
        log.info(
            "request",
            method=method,
            route=template,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
            request_id=request_id(),
            centre=g.get("centre_code"),
        )
    return response


def _outcome(response: Response) -> str:
    """Say what became of a report, from its answer; the answer's members are the API's own and do not change."""
    if response.status_code >= _FIRST_ERROR:
        return "refused"
    is_repeated = response.headers.get("Idempotent-Replayed") == "true"
    return report_outcome(response.status_code, response.get_json(silent=True), is_repeated=is_repeated)


def _forget(_: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()
