"""`POST /api/v1/reports`: where other systems hand in reports."""

import structlog
from flask import Blueprint, Response, request

from antifraud.auth.service import source_by_token
from antifraud.foundation.access import of_centre
from antifraud.foundation.problems import BodyTooLarge, IdempotencyKeyMissing, UnsupportedMediaType
from antifraud.intake.answers import Submission
from antifraud.intake.door import MAX_REPORT_BYTES, Door

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

    return routes
