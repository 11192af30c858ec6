"""What is shown when something does not work: pages for people, problem documents for machines."""

from typing import Final

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from antifraud.console.frame.page import SIGNING, page
from antifraud.console.frame.signing import stale_form
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation import web
from antifraud.foundation.access import request_id
from antifraud.foundation.problems import Problem, Unavailable

_API: Final = ("/api", "/problems/", "/.well-known/", "/livez", "/healthz", "/readyz", "/metrics", "/static/")
_FIRST_ERROR, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE, _UNAVAILABLE, _FAILED = 400, 403, 404, 413, 503, 500


def for_machines() -> bool:
    """Tell whether the address is one of the interfaces for machines, which have their own credentials and errors."""
    return request.path.startswith(_API) or request.path.endswith(".json")


def register(app: Flask) -> None:
    """Answer errors of the console's addresses with pages; those for machines stay as they are."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)
    for failure in (OperationalError, PoolTimeout):
        app.register_error_handler(failure, _no_database)


def _problem(problem: Problem) -> Response:
    if for_machines():
        return web.problem_response(problem)
    return _shown(problem.status, detail=problem.detail)


def _http(error: HTTPException) -> Response:
    status = error.code or _FAILED
    if isinstance(error, CSRFError) and request.blueprint == SIGNING:
        return stale_form(error)
    if for_machines() or error.response is not None or status < _FIRST_ERROR:
        return web.http_error(error)
    response = _shown(status, kind="expired" if isinstance(error, CSRFError) else None)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def _fault(error: Exception) -> Response:
    error_id = request_id()
    if for_machines():
        return web.fault_of_ours(error, error_id)
    web.note_fault(error, error_id)
    return _shown(_FAILED, error_id=error_id)


def _no_database(_error: Exception) -> Response:
    if for_machines():
        detail = "the database cannot be reached: nothing was received; send it again"
        return web.problem_response(Unavailable(detail))
    response = _shown(_UNAVAILABLE)
    response.headers["Retry-After"] = "5"
    return response


def _shown(status: int, *, kind: str | None = None, detail: str = "", error_id: str | None = None) -> Response:
    # What may not be seen does not exist: 403 would say that it does.
    status = _NOT_FOUND if status == _FORBIDDEN else status
    kind = kind or {_NOT_FOUND: "missing", _TOO_LARGE: "large", _UNAVAILABLE: "away", _FAILED: "failed"}.get(
        status, "wrong"
    )
    titles = {
        "missing": _("There is no such page"),
        "large": _("That is too much at once"),
        "away": _("Not reachable just now"),
        "failed": _("The service failed"),
        "expired": _("This page was open too long"),
        "wrong": _("That did not work"),
    }
    try:
        body = page(
            "frame/error.html",
            room="",
            title=titles[kind],
            kind=kind,
            status=status,
            detail=detail,
            error_id=error_id,
        )
    except Exception as error:  # noqa: BLE001 - the page of an error must come, whatever else is broken
        web.note_fault(error, error_id or request_id())
        body = f"<!doctype html><title>{status}</title><p>{titles[kind]} {error_id or ''}</p>"
    return Response(body, status=status, content_type="text/html; charset=utf-8")
