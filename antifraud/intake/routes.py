"""`POST /api/v1/reports`: where other systems hand in reports."""

import structlog
from flask import Blueprint, Response, request

from antifraud.auth.service import source_by_token
from antifraud.foundation.access import of_centre
from antifraud.foundation.problems import BodyTooLarge, IdempotencyKeyMissing, NotFound, UnsupportedMediaType
from antifraud.intake.answers import ACCEPTED, Submission
from antifraud.intake.door import MAX_REPORT_BYTES, Door
from antifraud.intake.forgetting import UnknownReport
from antifraud.intake.withdrawing import CannotWithdraw
from workflows import EventRefused

MAX_KEY_LENGTH = 255

log = structlog.get_logger()


def blueprint(door: Door) -> Blueprint:
    """Return the routes of the reports API."""
    routes = Blueprint("reports", __name__)

    @routes.post("/api/v1/reports")
    def submit() -> Response:
        """Take one report; the same key gets the same answer, marked as replayed."""
        source = source_by_token(door.database, request.headers.get("Authorization"))
        of_centre(door.centres[source.centre_id].code)
        key = request.headers.get("Idempotency-Key", "").strip().strip('"')
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
            raise IdempotencyKeyMissing(
                f"send Idempotency-Key with 1 to {MAX_KEY_LENGTH} printable ASCII characters, "
                "a new one for each report and the same one when you repeat it"
            )
        if request.mimetype != "application/json":
            raise UnsupportedMediaType("send Content-Type: application/json")
        if request.content_encoding:
            raise UnsupportedMediaType("send the body as it is, without Content-Encoding")
        if (request.content_length or 0) > MAX_REPORT_BYTES:
            raise BodyTooLarge(f"a report has at most {MAX_REPORT_BYTES} bytes")
        raw = request.stream.read(MAX_REPORT_BYTES + 1)
        if len(raw) > MAX_REPORT_BYTES:
            raise BodyTooLarge(f"a report has at most {MAX_REPORT_BYTES} bytes")
        answer = door.submit(Submission(source=source, key=key, raw=raw, profile="native"))
        response = Response(answer.body, status=answer.status, mimetype="application/json")
        if answer.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    @routes.post("/api/v1/reports/<number>/withdrawal")
    def withdraw(number: str) -> tuple[dict[str, str], int]:
        """Say that the reporter's side wants a report back: a person verifies that before anything is let go.

        Asked again it is the same withdrawal. Only the source that sent the report knows it.
        """
        source = source_by_token(door.database, request.headers.get("Authorization"))
        centre = door.centres[source.centre_id]
        of_centre(centre.code)
        try:
            withdrawal_id = door.withdraw(centre, number, "source", f"source:{source.code}", source=source)
        except UnknownReport as error:
            raise NotFound(str(error)) from error
        except EventRefused as error:
            raise CannotWithdraw(str(error)) from error
        return {"withdrawal": str(withdrawal_id), "report": number, "state": "to_be_verified"}, ACCEPTED

    return routes
