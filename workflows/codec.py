"""Events and states as plain JSON values, exactly there and back.

Instants are microsecond UTC strings ending in `Z`, ids their usual text,
integers stay
integers up to 2**53, the last that every reader of JSON keeps exact, and are
decimal strings above. Field names are the data classes' own; a missing field
that has a default takes it, so that an old entry still reads after a field was
added; an unknown field is refused, because it would be lost.
"""

import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from workflows import events
from workflows.state import Derivation, ProcedureState, frozen_map

_T = TypeVar("_T")
_Decode = Callable[[Any], Any]

EVENT_TYPES: Mapping[str, type[events.Event]] = types.MappingProxyType(
    {kind.__name__: kind for kind in typing.get_args(events.AnyEvent)},
)
"""Every event by the name under which it is stored."""


_EXACT = 2**53
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)


class InvalidPayload(ValueError):
    """The JSON value is not what was once written."""


def instant_to_text(at: datetime) -> str:
    """Write an aware instant as `2026-11-24T01:02:03.000004Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant_from_text(text: str) -> datetime:
    """Read what `instant_to_text` wrote, and nothing else.

    Raises:
        ValueError: It is written otherwise.
    """
    # A state holds a dozen instants and is read at every event of its case: this is ten times as fast as strptime.
    if not _INSTANT.fullmatch(text):
        msg = f"{text[:40]!r} is not an instant as it is written here"
        raise ValueError(msg)
    return datetime.fromisoformat(text)


def event_to_json(event: events.Event) -> dict[str, Any]:
    """Return the event as a JSON object with its `type`."""
    return {"type": type(event).__name__, **_encode(event)}


def event_from_json(type: str, id: UUID, at: datetime, payload: Mapping[str, Any]) -> events.AnyEvent:  # noqa: A002 - the contract's names
    """Return the event that `event_to_json` wrote; `type`, `id` and `at` may also stand in the payload.

    Raises:
        InvalidPayload: The type is unknown, or a field is missing, unknown or of the wrong kind.
    """
    kind = EVENT_TYPES.get(type)
    if kind is None:
        msg = f"there is no event of type {type!r}"
        raise InvalidPayload(msg)
    rest = {name: value for name, value in payload.items() if name != "type"}
    rest.update(id=str(id), at=instant_to_text(at))
    return cast("events.AnyEvent", _object(kind, rest))


def state_to_json(state: ProcedureState) -> dict[str, Any]:
    """Return the state as a JSON object; maps are keyed by id and sorted."""
    return cast("dict[str, Any]", _encode(state))


def state_from_json(document: Mapping[str, Any]) -> ProcedureState:
    """Return the state that `state_to_json` wrote.

    Raises:
        InvalidPayload: The document is of another schema or broken.
    """
    if document.get("schema") != ProcedureState().schema:
        msg = f"state schema {document.get('schema')!r} is not {ProcedureState().schema}"
        raise InvalidPayload(msg)
    return cast("ProcedureState", _object(ProcedureState, dict(document)))


def derivation_from_json(document: Mapping[str, Any]) -> Derivation:
    """Return the derivation that `value_to_json` wrote.

    Raises:
        InvalidPayload: A field is missing, unknown or of the wrong kind.
    """
    return cast("Derivation", _object(Derivation, dict(document)))


def value_to_json(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return any value of `state` or `effects` (a clock, a derivation, a fact) as plain JSON."""
    return _encode(value)


@cache
def _names(kind: Any) -> tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]:  # noqa: ANN401 - a data class
    """Return the fields that are always written, and those that are not while they have their default."""
    always = tuple(field.name for field in fields(kind) if not field.metadata.get("sparse"))
    sparse = tuple((field.name, field.default) for field in fields(kind) if field.metadata.get("sparse"))
    return always, sparse


# Most of what is written; asked first, since it is cheap to ask.
_AS_IT_IS = frozenset({types.NoneType, bool, str})


def _encode(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if type(value) in _AS_IT_IS:
        return value
    match value:
        case None | bool() | str():
            plain: Any = value
        case int():
            plain = value if -_EXACT <= value <= _EXACT else str(value)
        case UUID():
            plain = str(value)
        case datetime():
            plain = instant_to_text(value)
        case Mapping():
            plain = {str(key): _encode(item) for key, item in sorted(value.items())}
        case tuple():
            plain = [_encode(item) for item in value]
        case _:
            kind: Any = type(value)
            always, sparse = _names(kind)
            plain = {name: _encode(getattr(value, name)) for name in always}
            for name, default in sparse:
                said = getattr(value, name)
                if said != default:
                    plain[name] = _encode(said)
    return plain


def _object(kind: Any, document: dict[str, Any]) -> Any:  # noqa: ANN401 - a data class and its instance
    return _decoder(kind)(document)


@cache
def _decoder(kind: Any) -> _Decode:  # noqa: ANN401 - a type form: a class or an alias of typing
    origin = typing.get_origin(kind)
    if origin is not None:
        return _composed(origin, typing.get_args(kind))
    if is_dataclass(kind):
        return _object_decoder(cast("type[Any]", kind))
    scalars: dict[Any, _Decode] = {
        UUID: lambda value: UUID(_must_be(value, str)),
        datetime: lambda value: instant_from_text(_must_be(value, str)),
        int: _whole,
    }
    return scalars.get(kind) or (lambda value: _must_be(value, kind))


def _composed(origin: Any, arguments: tuple[Any, ...]) -> _Decode:  # noqa: ANN401 - a type form
    if origin is tuple:
        each = _decoder(arguments[0])
        return lambda value: tuple(each(item) for item in _must_be(value, list))
    if origin is Mapping:
        key, item = _decoder(arguments[0]), _decoder(arguments[1])
        return lambda value: frozen_map({key(k): item(v) for k, v in sorted(_must_be(value, dict).items())})
    inner = _decoder(next(argument for argument in arguments if argument is not types.NoneType))
    return lambda value: None if value is None else inner(value)


def _whole(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return _must_be(value, int)


def _object_decoder(kind: type[Any]) -> _Decode:
    hints = typing.get_type_hints(kind)
    readers = {field.name: _decoder(hints[field.name]) for field in fields(kind)}
    required = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}

    def decode(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
        given = _must_be(value, dict)
        wrong = sorted((required - given.keys()) | (given.keys() - readers.keys()))
        if wrong:
            msg = f"{kind.__name__}: missing or unknown: {', '.join(wrong)}"
            raise InvalidPayload(msg)
        try:
            return kind(**{name: readers[name](item) for name, item in given.items()})
        except (InvalidPayload, TypeError, ValueError) as error:
            msg = f"{kind.__name__}: {error}"
            raise InvalidPayload(msg) from error

    return decode


def _must_be(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        msg = f"expected {kind.__name__}, found {type(value).__name__}"
        raise InvalidPayload(msg)
    return value
