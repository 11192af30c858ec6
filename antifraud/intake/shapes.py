"""The shape of the native report: fields, types and lengths (marshmallow); what it means is ``schemas.understand``."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, ValidationError, fields, validate

from antifraud.foundation.problems import Fault, fault, pointer
from antifraud.foundation.texts import unusable_text

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_TRANSFERS: Final = 10_000
SOURCE_REF_NEEDED: Final = 'your own number of this report is needed, for example "110-20261124-0042"'
_NO_SUCH_FIELD: Final = "there is no such field here: check its spelling or leave it out"
_OBJECT_NEEDED: Final = "an object in curly brackets is needed"


def _text(longest: int, **settings: Any) -> fields.Function:  # noqa: ANN401 -- marshmallow's own settings
    """Return the field of a text that can be kept as it is; ``None`` and blanks count as missing."""

    def read(value: object) -> str | None:
        if not isinstance(value, str):
            msg = 'a text in quotation marks is needed, for example "6222021234567890128"'
            raise ValidationError(msg)
        trouble = unusable_text(value)
        if trouble is None and len(value) > longest:
            trouble = f"at most {longest} characters"
        if trouble is not None:
            raise ValidationError(trouble)
        return unicodedata.normalize("NFC", value).strip() or None

    settings.setdefault("allow_none", True)
    return fields.Function(deserialize=read, **settings)


def _rows(schema: Schema) -> Callable[[object], list[Any]]:
    """Return the reader of a list in which a faulty row keeps its place, so that the other pointers stay right."""

    def read(value: object) -> list[Any]:
        if not isinstance(value, list):
            msg = "a list in square brackets is needed"
            raise ValidationError(msg)
        if len(value) > MAX_TRANSFERS:
            msg = f"at most {MAX_TRANSFERS} entries"
            raise ValidationError(msg)
        rows: list[Any] = []
        faults: dict[int, Any] = {}
        for index, one in enumerate(value):
            try:
                rows.append(schema.load(one))
            except ValidationError as error:
                faults[index] = error.messages
                rows.append(error.valid_data if isinstance(error.valid_data, dict) else {})
        if faults:
            raise ValidationError(faults, valid_data=rows)
        return rows

    return read


class _Strict(Schema):
    class Meta:
        """An unknown field is a spelling mistake: told, never dropped."""

        unknown = RAISE

    error_messages = {"unknown": _NO_SUCH_FIELD, "type": _OBJECT_NEEDED}  # noqa: RUF012 -- as marshmallow declares it


class AccountSchema(_Strict):
    """One end of a transfer."""

    institution = _text(200)
    number = _text(200)
    holder = _text(200)
    kind = _text(40)
    sub_ref = _text(64)


class TransferSchema(_Strict):
    """One payment; ``amount`` is in minor units, ``at`` a time or ``{local, zone}``."""

    class Meta(_Strict.Meta):
        """Fields whose names Python keeps for itself."""

        include = {  # noqa: RUF012 -- "from" is a word of Python
            "from": fields.Nested(AccountSchema, allow_none=True),
            "to": fields.Nested(AccountSchema, allow_none=True),
        }

    amount = fields.Raw(allow_none=True)
    currency = _text(40)
    at = fields.Raw(allow_none=True)
    reference = _text(128)
    reference_institution = _text(200)
    hop = fields.Integer(allow_none=True, strict=True, validate=validate.Range(0, 1000))
    channel = _text(40)
    settlement = _text(40)
    reason = _text(40)
    references = fields.List(_text(40), allow_none=True, validate=validate.Length(max=20))
    note = _text(2000)


class PartySchema(_Strict):
    """A person: the victim, or who reports for them."""

    name = _text(200)
    id_type = _text(40)
    id_no = _text(64)
    phone = _text(40)
    relation = _text(40)


class MoneySchema(_Strict):
    """An amount in minor units and its currency."""

    amount = fields.Raw(allow_none=True)
    currency = _text(40)


class AuthoritySchema(_Strict):
    """Whose instruction gives a request its force."""

    name = _text(200)
    officer = _text(200)
    basis = _text(500)
    documents = fields.List(_text(200, allow_none=False), allow_none=True, validate=validate.Length(max=50))


class ReportSchema(_Strict):
    """The native report."""

    source_ref = _text(
        200,
        required=True,
        allow_none=False,
        error_messages={"required": SOURCE_REF_NEEDED, "null": SOURCE_REF_NEEDED},
    )
    channel = _text(40)
    origin = fields.String(allow_none=True, validate=validate.OneOf(["live", "historical"]))
    reported_at = fields.Raw(allow_none=True)
    zone = _text(64)
    currency = _text(40)
    reporter = fields.Nested(PartySchema, allow_none=True)
    victim = fields.Nested(PartySchema, allow_none=True)
    fraud_type = _text(60)
    taxonomy = _text(60)
    narrative = _text(20_000)
    place = _text(200)
    loss = fields.Nested(MoneySchema, allow_none=True)
    transfers = fields.Function(deserialize=_rows(TransferSchema()), allow_none=True)
    authority = fields.Nested(AuthoritySchema, allow_none=True)


class _EndSchema(_Strict):
    class Meta:
        """What is new in a row stays in the stored document."""

        unknown = EXCLUDE

    institution = _text(200)
    last_digits = _text(12)


class _CaseTransferSchema(_Strict):
    class Meta(_EndSchema.Meta):
        """Fields whose names Python keeps for itself."""

        include = {  # noqa: RUF012 -- "from" is a word of Python
            "from": fields.Nested(_EndSchema, allow_none=True),
            "to": fields.Nested(_EndSchema, allow_none=True),
        }

    amount_minor = fields.Raw(allow_none=True)
    currency = _text(40)
    at = fields.Raw(allow_none=True)
    note = _text(2000)


class PublishedCaseSchema(_Strict):
    """A published case: see ``data/README.md``; stops, counts and what we have no name for are kept as they are."""

    class Meta:
        """A collection grows by fields: what is new is kept, for nobody reads these documents back to their author."""

        unknown = INCLUDE

    id = _text(200, required=True, allow_none=False, error_messages={"required": SOURCE_REF_NEEDED})
    source_title = _text(500)
    source_url_or_publisher = _text(1000)
    published_on = _text(20)
    place = _text(200)
    zone = _text(64)
    fraud_type = _text(60)
    narrative = _text(20_000)
    reported_at = fields.Raw(allow_none=True)
    reported_at_partial = _text(40)
    transfers = fields.Function(deserialize=_rows(_CaseTransferSchema()), allow_none=True)
    stops = fields.List(fields.Dict(), allow_none=True)
    returned_minor = fields.Integer(allow_none=True, strict=True)
    outcome = _text(60)
    unknowns = fields.List(_text(500, allow_none=False), allow_none=True)
    currency = _text(40)
    amount_exponent = fields.Integer(allow_none=True, strict=True, validate=validate.Range(0, 18))
    counts = fields.Dict(allow_none=True)


def load_shape(schema: Schema, document: object, faults: list[Fault]) -> dict[str, Any]:
    """Return the part of ``document`` that has the right shape; what has not is added to ``faults``."""
    if not isinstance(document, Mapping):
        faults.append(fault("", 'a report is one object in curly brackets, for example {"source_ref": "110-0042"}'))
        return {}
    try:
        return dict(schema.load(document))
    except ValidationError as error:
        faults.extend(_flattened(error.messages, ""))
        return error.valid_data if isinstance(error.valid_data, dict) else {}


def _flattened(messages: object, at: str) -> list[Fault]:
    if isinstance(messages, Mapping):
        found: list[Fault] = []
        for key, inner in messages.items():
            found.extend(_flattened(inner, at if key == "_schema" else at + pointer(_safe(key))))
        return found
    if isinstance(messages, list):
        return [fault(at, str(one).rstrip(".")) for one in messages]
    return [fault(at, str(messages))]


def _safe(key: object) -> str:
    """Return a key of the sender as it may stand in an answer: short, and of characters that JSON can carry."""
    return str(key).encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")[:64]
