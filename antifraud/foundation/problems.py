"""What can be wrong with a request, told so that the caller can mend it (RFC 9457).

One class per thing that a caller can mend; the first line of its docstring is the title, ``type`` names the page under
``docs/problems/`` that says what to do. No web framework is imported here: a command line shows the same problems.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, ClassVar, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEDIA_TYPE = "application/problem+json"


class Fault(TypedDict):
    """One place that is wrong: a JSON pointer into the document sent, and what to mend there."""

    pointer: str
    detail: str


def pointer(*steps: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of the steps from the root of a document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def fault(at: str, detail: str) -> Fault:
    """Return one fault; ``at`` is a JSON pointer, ``detail`` says what to mend and holds no personal data."""
    return {"pointer": at, "detail": detail}


class Problem(Exception):
    """The request cannot be carried out."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "bad-request"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        """Say what is wrong; no part may hold a name, a number or free text of a person.

        Args:
            detail: One sentence on this occurrence and what to do about it.
            errors: Every single fault, in the order of the document.
            headers: Headers of the answer, e.g. ``Allow``.
            retry_after_seconds: Sent as ``Retry-After`` where asking again later helps.
        """
        super().__init__(detail)
        self.detail = detail
        self.errors: list[Fault] = list(errors)
        self.headers: dict[str, str] = dict(headers or {})
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)

    @classmethod
    def title(cls) -> str:
        """Return the title: the same for every occurrence of this kind of problem."""
        return (inspect.getdoc(cls) or cls.__name__).splitlines()[0].rstrip(".")

    @classmethod
    def type_uri(cls) -> str:
        """Return the relative address of the page that says what to do."""
        return f"/problems/{cls.type}"

    def to_document(self) -> dict[str, object]:
        """Return the problem document; ``errors`` is left out where there are none."""
        document: dict[str, object] = {"type": self.type_uri(), "title": self.title(), "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = [dict(one) for one in self.errors]
        return document


class MalformedJson(Problem):
    """The body is not JSON that can be read in one way only."""

    status = 400
    type = "malformed-json"


class InvalidValue(Problem):
    """A value cannot be used as it is written."""

    status = 422
    type = "invalid-value"


class InvalidReport(Problem):
    """The report cannot be accepted as it is written."""

    status = 422
    type = "invalid-report"


class IdempotencyKeyMissing(Problem):
    """The header Idempotency-Key is missing or cannot be used."""

    status = 400
    type = "idempotency-key-missing"


class NotAuthenticated(Problem):
    """The credential is missing, unknown or no longer valid."""

    status = 401
    type = "not-authenticated"


class Forbidden(Problem):
    """The credential may not do this."""

    status = 403
    type = "forbidden"


class NotFound(Problem):
    """There is nothing here that this credential may see."""

    status = 404
    type = "not-found"


class MethodNotAllowed(Problem):
    """The address does not take this method."""

    status = 405
    type = "method-not-allowed"


class KeyInProgress(Problem):
    """The first request with this Idempotency-Key is still being worked on."""

    status = 409
    type = "key-in-progress"

    def __init__(self, detail: str = "", *, errors: Iterable[Fault] = (), retry_after_seconds: int = 1) -> None:
        """Ask to send the same request again after ``retry_after_seconds``."""
        super().__init__(
            detail or "send the same request again after the time in Retry-After",
            errors=errors,
            retry_after_seconds=retry_after_seconds,
        )


class SourceRefReused(Problem):
    """Another report was already sent under this source_ref."""

    status = 409
    type = "source-ref-reused"

    def __init__(self, detail: str = "", *, errors: Iterable[Fault] = ()) -> None:
        """Ask for a correction instead of a second report of the same name."""
        super().__init__(
            detail or "this source_ref belongs to a report with another content: send a correction of it",
            errors=errors or [fault("/source_ref", "already used for another content: send a correction")],
        )


class BodyTooLarge(Problem):
    """The body is larger than is taken here."""

    status = 413
    type = "body-too-large"


class UnsupportedMediaType(Problem):
    """The body is of a media type that is not taken here."""

    status = 415
    type = "unsupported-media-type"


class KeyReused(Problem):
    """The Idempotency-Key was already used for another body."""

    status = 422
    type = "key-reused"


class QuotaExceeded(Problem):
    """The source has sent more than its quota."""

    status = 429
    type = "quota-exceeded"


class Unavailable(Problem):
    """The service cannot answer just now; nothing was done."""

    status = 503
    type = "unavailable"

    def __init__(self, detail: str = "", *, errors: Iterable[Fault] = (), retry_after_seconds: int = 5) -> None:
        """Ask to send the same request again, under the same key, after ``retry_after_seconds``."""
        super().__init__(
            detail or "send the same request again, with the same Idempotency-Key",
            errors=errors,
            retry_after_seconds=retry_after_seconds,
        )
