"""What every answer over HTTP has: problem documents instead of error pages, and strict security headers."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, cast

import structlog
from flask import Response
from werkzeug.exceptions import HTTPException

from antifraud.foundation import problems
from antifraud.foundation.access import request_id
from antifraud.foundation.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from flask import Flask

_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'none'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind
    for kind in (
        problems.NotAuthenticated,
        problems.Forbidden,
        problems.NotFound,
        problems.MethodNotAllowed,
        problems.BodyTooLarge,
        problems.UnsupportedMediaType,
        problems.QuotaExceeded,
        problems.Unavailable,
    )
}
_FIRST_ERROR = 400
_WHAT_TO_MEND = {
    404: "there is no such address here: check the path, and the host it was sent to",
    405: "this address takes other methods: the header Allow names them",
    413: "the body is longer than this address takes",
}
log = structlog.get_logger(__name__)


def register_problem_handlers(app: Flask) -> None:
    """Answer every error of ``app`` with ``application/problem+json``, and set the security headers on every answer.

    A ``Problem`` is shown as it is; an HTTP error of the framework keeps its headers (``Allow``, ``Retry-After``).
    Anything else is a fault of ours: 500 with an id to quote, nothing of its message in the answer or the log.
    """
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, fault_of_ours)
    app.after_request(_with_security_headers)


def problem_response(problem: Problem) -> Response:
    """Return the answer for a problem, with its own headers."""
    response = _document(problem.to_document(), problem.status)
    response.headers.update(problem.headers)
    if problem.status == problems.NotAuthenticated.status:
        response.headers.setdefault("WWW-Authenticate", "Bearer")
    return response


def _document(document: dict[str, object], status: int) -> Response:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return Response(body, status=status, content_type=MEDIA_TYPE)


def http_error(error: HTTPException) -> Response:
    """Return the problem document for an HTTP error of the framework; what a view answered itself stays as it is."""
    status = error.code or 500
    if error.response is not None or status < _FIRST_ERROR:
        # a redirect, or an answer that a view made itself
        return cast("Response", Response.force_type(error.get_response()))
    kind = _BY_STATUS.get(status)
    if kind is not None:
        document = kind(_WHAT_TO_MEND.get(status) or error.description or "").to_document()
    else:
        document = {"type": "about:blank", "title": error.name, "status": status, "detail": error.description or ""}
    response = _document(document, status)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def fault_of_ours(error: Exception, error_id: str | None = None) -> Response:
    """Return the problem document for a fault of ours, with an id to quote, and write the fault down."""
    error_id = error_id or request_id()
    note_fault(error, error_id)
    detail = f"the service failed; quote {error_id} to its operator"
    return _document(
        {"type": "/problems/internal-error", "title": "The service failed", "status": 500, "detail": detail}, 500
    )


def note_fault(error: Exception, error_id: str) -> None:
    """Write a fault of ours into the log under its id: where it happened, never what it said."""
    # Messages of exceptions quote data (a row, a name): the log gets the place, never the message.
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("unexpected_error", error_id=error_id, kind=type(error).__qualname__, frames=frames)


def _with_security_headers(response: Response) -> Response:
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
