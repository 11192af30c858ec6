"""The documents of the native bank channel: what a request says, what an answer says, and nothing else.

Members that are not named here are left alone, so that a bank may say more than we read; the raw bytes are kept
beside. Amounts are JSON integers up to 2^53 and decimal strings above, in minor units of their asset.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from typing_extensions import override

from antifraud.foundation.json import canonical, loads
from antifraud.foundation.problems import Fault, InvalidValue, fault, pointer

MAX_MESSAGE_BYTES: Final = 1_048_576
MAX_MESSAGE_DEPTH: Final = 8
MAX_NEXT_ACCOUNTS: Final = 500
MAX_SAFE_INTEGER: Final = 2**53
_MAX_MINOR: Final = 10**38 - 1
_DIGITS: Final = re.compile(r"(0|[1-9][0-9]{0,37})", re.ASCII)
_CODE: Final = validate.Regexp(r"[a-z][a-z0-9_]{0,39}\Z", error="a code has lower-case letters, digits and _, up to 40")
_ONLY_IF_SAID: Final = ("arrived_minor", "withdrawn_minor", "spent_minor", "left_minor", "return_reference")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAccount:
    """An account to which money moved on, as the answering bank knows it; ``institution`` is a code or a name."""

    institution: str
    number: str
    scheme: str | None
    holder: str | None
    amount_minor: int | None
    asset: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a bank said about a request; ``outcome`` is its code, which a definition may or may not know.

    A bank that says what arrived (``arrived_minor``) says it of the money in question alone, and its parts must add
    up to that: held, sent on (``next``), withdrawn, spent, left there. ``return_reference`` is its own reference of
    money given back.
    """

    message_id: str
    request_id: UUID
    outcome: str
    held_minor: int | None
    balance_minor: int | None
    asset: str | None
    executed_at: datetime | None
    ends_at: datetime | None
    reason: str | None
    next: tuple[NextAccount, ...]
    raw_code: str | None
    arrived_minor: int | None = None
    withdrawn_minor: int | None = None
    spent_minor: int | None = None
    left_minor: int | None = None
    return_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAccount:
    """The account that a request is about."""

    institution: str
    scheme: str
    number: str
    sub_ref: str | None
    holder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMeasure:
    """What is to be done: to the ``whole`` account or to an ``amount`` of it, until when, and if money may come in."""

    scope: str
    amount_minor: int | None
    asset: str
    ends_at: datetime | None
    money_in: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReceipt:
    """The payment into the account that the request is about, as far as it is known."""

    amount_minor: int | None
    asset: str | None
    earliest: datetime | None
    latest: datetime | None
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whose instruction the request carries; ``documents`` are references, never the papers."""

    name: str | None
    officer: str | None
    basis: str | None
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRequest:
    """One request of the centre to a bank; ``about`` names the reminded request of a reminder."""

    id: UUID
    kind: str
    about: UUID | None
    urgency: str
    issued_at: datetime
    answer_limit_seconds: int
    stop_seq: int
    supplement: bool
    account: AskedAccount
    measure: AskedMeasure
    receipt: AskedReceipt
    authority: Authority
    reply_to: str


class _Minor(fields.Field[int]):
    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if type(value) is int and 0 <= value <= _MAX_MINOR:
            return value
        message = "an amount is a whole number of minor units, 0 or more (as a decimal string above 2^53)"
        raise ValidationError(message)


class _Instant(fields.Field[datetime]):
    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        message = "an instant is written 2026-11-24T14:41:07Z, with Z or an offset"
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            raise ValidationError(message)
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(message) from None


class _Text(fields.Field[str]):
    def __init__(self, longest: int, **more: Any) -> None:  # noqa: ANN401 - handed on to the library
        super().__init__(validate=validate.Length(min=1, max=longest), **more)

    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            message = "a text is needed here"
            raise ValidationError(message)
        return value


class _Uuid(fields.Field[UUID]):
    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> UUID:
        message = "an id is written like 01936b5e-7c00-7a11-8a11-0a0b0c0d0e0f"
        if not isinstance(value, str):
            raise ValidationError(message)
        try:
            found = UUID(value)
        except ValueError:
            raise ValidationError(message) from None
        if str(found) != value.lower():
            raise ValidationError(message)
        return found


class _Count(fields.Field[int]):
    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not 0 <= value <= MAX_SAFE_INTEGER:
            message = "a whole number, 0 or more, is needed here"
            raise ValidationError(message)
        return value


class _Yes(fields.Field[bool]):
    @override
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            message = "true or false is needed here"
            raise ValidationError(message)
        return value


class _Lenient(Schema):
    class Meta:
        unknown = EXCLUDE


def _maybe(field: type[fields.Field[Any]], *arguments: int) -> fields.Field[Any]:
    return field(*arguments, required=False, allow_none=True, load_default=None)


class _NextSchema(_Lenient):
    institution = _Text(200, required=True)
    number = _Text(64, required=True)
    scheme = _maybe(_Text, 40)
    holder = _maybe(_Text, 200)
    amount_minor = _maybe(_Minor)
    asset = _Text(40, required=True)
    at = _maybe(_Instant)


class _AnswerSchema(_Lenient):
    message_id = _Text(64, required=True)
    request_id = _Uuid(required=True)
    outcome = fields.String(required=True, validate=_CODE)
    held_minor = _maybe(_Minor)
    balance_minor = _maybe(_Minor)
    asset = _maybe(_Text, 40)
    executed_at = _maybe(_Instant)
    ends_at = _maybe(_Instant)
    reason = _maybe(_Text, 2000)
    next = fields.List(fields.Nested(_NextSchema), load_default=list, validate=validate.Length(max=MAX_NEXT_ACCOUNTS))
    raw_code = _maybe(_Text, 40)
    arrived_minor = _maybe(_Minor)
    withdrawn_minor = _maybe(_Minor)
    spent_minor = _maybe(_Minor)
    left_minor = _maybe(_Minor)
    return_reference = _maybe(_Text, 200)


class _AccountSchema(_Lenient):
    institution = _Text(40, required=True)
    scheme = _Text(40, required=True)
    number = _Text(64, required=True)
    sub_ref = _maybe(_Text, 64)
    holder = _maybe(_Text, 200)


class _MeasureSchema(_Lenient):
    scope = fields.String(required=True, validate=validate.OneOf(["whole", "amount"]))
    amount_minor = _maybe(_Minor)
    asset = _Text(40, required=True)
    ends_at = _maybe(_Instant)
    money_in = _Yes(load_default=True)


class _ReceiptSchema(_Lenient):
    amount_minor = _maybe(_Minor)
    asset = _maybe(_Text, 40)
    earliest = _maybe(_Instant)
    latest = _maybe(_Instant)
    reference = _maybe(_Text, 200)


class _AuthoritySchema(_Lenient):
    name = _maybe(_Text, 200)
    officer = _maybe(_Text, 200)
    basis = _maybe(_Text, 2000)
    documents = fields.List(_Text(200), load_default=list)


class _RequestSchema(_Lenient):
    id = _Uuid(required=True)
    kind = fields.String(required=True, validate=_CODE)
    about = _maybe(_Uuid)
    urgency = fields.String(required=True, validate=_CODE)
    issued_at = _Instant(required=True)
    answer_limit_seconds = _Count(required=True)
    stop_seq = _Count(required=True)
    supplement = _Yes(required=True)
    account = fields.Nested(_AccountSchema, required=True)
    measure = fields.Nested(_MeasureSchema, required=True)
    receipt = fields.Nested(_ReceiptSchema, required=True)
    authority = fields.Nested(_AuthoritySchema, required=True)
    reply_to = _Text(2000, required=True)


def parse_answer(raw: bytes) -> Answer:
    """Return the answer that a verified message holds.

    Args:
        raw: The body as received; its signature has been verified.

    Raises:
        Problem: ``BodyTooLarge``, ``MalformedJson``, or ``InvalidValue`` with every fault at once, each with its
            pointer; none of them repeats what was sent.
    """
    found = _load(_AnswerSchema(), raw)
    return Answer(**(found | {"next": tuple(NextAccount(**one) for one in found["next"])}))


def parse_request(raw: bytes) -> BankRequest:
    """Return the request that a verified message holds: the bank's side of the channel.

    Raises:
        Problem: As ``parse_answer``.
    """
    found = _load(_RequestSchema(), raw)
    authority = found["authority"]
    return BankRequest(
        **(
            found
            | {
                "account": AskedAccount(**found["account"]),
                "measure": AskedMeasure(**found["measure"]),
                "receipt": AskedReceipt(**found["receipt"]),
                "authority": Authority(**(authority | {"documents": tuple(authority["documents"])})),
            }
        )
    )


def dump_request(request: BankRequest) -> bytes:
    """Return the bytes of a request: canonical, so the same request always has the same ones."""
    document = asdict(request)
    if request.measure.money_in:
        del document["measure"]["money_in"]  # what an institution takes for granted
    return canonical(_sendable(document))


def dump_answer(answer: Answer) -> bytes:
    """Return the canonical bytes of an answer."""
    document = asdict(answer)
    for name in _ONLY_IF_SAID:
        if document[name] is None:
            del document[name]
    return canonical(_sendable(document))


def _sendable(value: object) -> object:
    match value:
        case bool():
            return value
        case int() if value > MAX_SAFE_INTEGER:
            return str(value)
        case Mapping():
            return {key: _sendable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_sendable(inner) for inner in value]
        case _:
            return value


def _load(schema: Schema, raw: bytes) -> dict[str, Any]:
    document = loads(raw, max_bytes=MAX_MESSAGE_BYTES, max_depth=MAX_MESSAGE_DEPTH)
    if not isinstance(document, dict):
        raise InvalidValue("the body is not an object", errors=[fault("", "an object is needed here")])
    try:
        return cast("dict[str, Any]", schema.load(document))
    except ValidationError as invalid:
        faults = _faults(invalid.messages, ())
        raise InvalidValue(f"{len(faults)} places of the message to mend", errors=faults) from None


def _faults(messages: object, at: tuple[str | int, ...]) -> list[Fault]:
    if isinstance(messages, dict):
        return [found for key, inner in messages.items() for found in _faults(inner, _below(at, key))]
    details = messages if isinstance(messages, list) else [messages]
    return [fault(pointer(*at), str(detail)) for detail in details]


def _below(at: tuple[str | int, ...], key: str | int) -> tuple[str | int, ...]:
    return at if key == "_schema" else (*at, key)
