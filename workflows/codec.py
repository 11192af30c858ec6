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
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from workflows import events
from workflows.state import Derivation, ProcedureState, frozen_map

_T = TypeVar("_T")
_Decode = Callable[[Any], Any]
_Encode = Callable[[Any], Any]

EVENT_TYPES: Mapping[str, type[events.Event]] = types.MappingProxyType(
    {kind.__name__: kind for kind in typing.get_args(events.AnyEvent)},
)
"""Every event by the name under which it is stored."""


_EXACT = 2**53
_KEPT = 16384
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)


class InvalidPayload(ValueError):
    """The JSON value is not what was once written."""


# An instant stands in a state several times, is read, and written again: found in memory it takes 0.1 instead of 3 µs.
@lru_cache(maxsize=_KEPT)
def instant_to_text(at: datetime) -> str:
    """Write an aware instant as `2026-11-24T01:02:03.000004Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@lru_cache(maxsize=_KEPT)
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


# Values become JSON, and JSON values, by a function that is made once for each kind. Of a data class the fields are
# taken all at once; only those are then looked at one by one whose JSON is not the value itself. A state is read and
# written at every event of its case: against asking each value what it is, both together take 235 instead of 390 µs.

_AS_IT_IS: Final = (str, bool, types.NoneType)


def _encode(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    kind: Any = type(value)
    return _encoder(kind)(value)


@cache
def _encoder(kind: Any) -> _Encode:  # noqa: ANN401 - a type form: a class or an alias of typing
    origin = typing.get_origin(kind)
    if origin is tuple:
        each = _encoder(typing.get_args(kind)[0])
        return lambda value: [each(item) for item in value]
    if origin is Mapping:
        key_text, item_of = (_encoder(argument) for argument in typing.get_args(kind))
        # The text of ids has their order, and is compared faster.
        return lambda value: dict(sorted([(key_text(key), item_of(item)) for key, item in value.items()], key=_first))
    if origin is not None:
        inner = _encoder(_without_none(kind))
        return lambda value: None if value is None else inner(value)
    if is_dataclass(kind):
        return _object_encoder(cast("type[Any]", kind))
    if kind in _AS_IT_IS:
        return _itself
    scalars: dict[Any, _Encode] = {UUID: _id_to_text, datetime: instant_to_text, int: _whole_to_json}
    return scalars.get(kind) or _by_its_content


def _object_encoder(kind: type[Any]) -> _Encode:
    hints = typing.get_type_hints(kind)
    names = tuple(field.name for field in fields(kind))
    # Left out while it has its default (`state.SPARSE`).
    sparse = tuple((field.name, field.default) for field in fields(kind) if field.metadata.get("sparse"))
    others = tuple((name, _encoder(_without_none(hints[name]))) for name in names if not _is_plain(hints[name]))
    take = _taker(names)

    def encode(value: Any) -> dict[str, Any]:  # noqa: ANN401 - the data class
        document = dict(zip(names, take(value), strict=True))
        for name, default in sparse:
            if document[name] == default:
                del document[name]
        for name, encoded in others:
            item = document.get(name)
            if item is not None:
                document[name] = encoded(item)
        return document

    return encode


def _taker(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the named attributes of a value, as a tuple whatever their number."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _by_its_content(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Encode a value whose kind says nothing about what is in it."""
    match value:
        case tuple():
            return [_encode(item) for item in value]
        case Mapping():
            return {str(key): _encode(item) for key, item in sorted(value.items())}
        case _:
            msg = f"{type(value).__name__} has no form in JSON here"
            raise TypeError(msg)


def _itself(value: _T) -> _T:
    return value


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _id_to_text(value: UUID) -> str:
    # What `str` does, in two thirds of the time.
    digits = f"{value.int:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _whole_to_json(value: int) -> int | str:
    return value if -_EXACT <= value <= _EXACT else str(value)


def _without_none(kind: Any) -> Any:  # noqa: ANN401 - a type form
    """Return what may stand there beside None."""
    if typing.get_origin(kind) not in (types.UnionType, typing.Union):
        return kind
    return next(argument for argument in typing.get_args(kind) if argument is not types.NoneType)


def _is_plain(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return _without_none(kind) in _AS_IT_IS


def _object(kind: Any, document: dict[str, Any]) -> Any:  # noqa: ANN401 - a data class and its instance
    return _decoder(kind)(document)


@cache
def _decoder(kind: Any) -> _Decode:  # noqa: ANN401 - a type form: a class or an alias of typing
    origin = typing.get_origin(kind)
    if origin is not None:
        return _composed(origin, kind)
    if is_dataclass(kind):
        return _object_decoder(cast("type[Any]", kind))
    scalars: dict[Any, _Decode] = {
        UUID: _id_from_text,
        datetime: lambda value: instant_from_text(_must_be(value, str)),
        int: _whole,
    }
    return scalars.get(kind) or (lambda value: _must_be(value, kind))


def _composed(origin: Any, kind: Any) -> _Decode:  # noqa: ANN401 - a type form
    if origin is tuple:
        each = _decoder(typing.get_args(kind)[0])
        return lambda value: tuple([each(item) for item in _must_be(value, list)])
    if origin is Mapping:
        key, item = (_decoder(argument) for argument in typing.get_args(kind))
        return lambda value: frozen_map({key(k): item(v) for k, v in sorted(_must_be(value, dict).items(), key=_first)})
    inner = _decoder(_without_none(kind))
    return lambda value: None if value is None else inner(value)


# An id stands in a state several times: as a key, in its value, and in what refers to it.
@lru_cache(maxsize=_KEPT)
def _known_id(text: str) -> UUID:
    return UUID(text)


def _id_from_text(value: object) -> UUID:
    return _known_id(_must_be(value, str))


def _whole(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return _must_be(value, int)


def _object_decoder(kind: type[Any]) -> _Decode:
    hints = typing.get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    required = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    # What is taken as it is must be of one of these kinds; None where the field may be.
    plain = tuple(
        (name, frozenset({_without_none(hints[name]), *([types.NoneType] if _may_be_none(hints[name]) else [])}))
        for name in sorted(names)
        if _is_plain(hints[name])
    )
    readers = tuple((name, _decoder(hints[name])) for name in sorted(names) if not _is_plain(hints[name]))

    def decode(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
        given = dict(_must_be(value, dict))
        if given.keys() != names and (wrong := (required - given.keys()) | (given.keys() - names)):
            msg = f"{kind.__name__}: missing or unknown: {', '.join(sorted(wrong))}"
            raise InvalidPayload(msg)
        try:
            for name, kinds in plain:
                if name in given and type(given[name]) not in kinds:
                    msg = f"{name} cannot be of {type(given[name]).__name__}"
                    raise InvalidPayload(msg)  # noqa: TRY301 - named by the data class below
            for name, read in readers:
                if name in given:
                    given[name] = read(given[name])
            return kind(**given)
        except (InvalidPayload, TypeError, ValueError) as error:
            msg = f"{kind.__name__}: {error}"
            raise InvalidPayload(msg) from error

    return decode


def _may_be_none(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return types.NoneType in typing.get_args(kind)


def _must_be(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        msg = f"expected {kind.__name__}, found {type(value).__name__}"
        raise InvalidPayload(msg)
    return value
