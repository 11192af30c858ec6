"""JSON that can be read in one way only, and written in one way only.

Python's own reader keeps the last of two equal keys, takes ``NaN``, turns ``1e400`` into infinity and fails on deep
nesting; each of these lets two readers see two different reports in the same bytes. This one refuses them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from antifraud.foundation.problems import BodyTooLarge, Fault, MalformedJson, fault, pointer
from antifraud.foundation.texts import unusable_text

MAX_DIGITS: Final = 40
"""NUMERIC(38,0) and a little more, so that a field can say itself that a value is too large."""
MAX_EXPONENT: Final = 308
_MAX_FAULTS: Final = 50
_SHOWN_KEY: Final = 40

# A string (closed, or running to the end) or one bracket: enough to know the depth before anything is built.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
# Escapes that may make U+0000 or half a surrogate pair, and integers of absurd length (40 digits are still read).
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|[0-9]{41}")
_UNPRINTABLE = re.compile("[\x00-\x1f\ud800-\udfff]")


class _SuspectError(Exception):
    """There is something in the body that must be looked for place by place."""


class _Doubled(dict[str, object]):
    """An object in which a key stood twice."""

    def __init__(self, pairs: Sequence[tuple[str, object]], keys: Sequence[str]) -> None:
        super().__init__(pairs)
        self.keys_twice = tuple(keys)


class _Refused:
    """A number that was read but is not taken."""

    def __init__(self, detail: str) -> None:
        self.detail = detail


def loads(raw: bytes, *, max_bytes: int, max_depth: int = 32) -> object:
    """Return the one value that ``raw`` can mean: dict, list, str, int, Decimal, bool or None.

    A number with a point or an exponent comes back as an exact ``Decimal``, never as a float.

    Args:
        raw: The bytes as received.
        max_bytes: Longest body that is looked at.
        max_depth: Deepest nesting of objects and lists; checked before parsing.

    Raises:
        BodyTooLarge: ``raw`` is longer than ``max_bytes``.
        MalformedJson: Not UTF-8, not JSON, too deep, or with doubled keys, NaN, Infinity, numbers of absurd size, NUL
            or lone surrogates; ``errors`` has a pointer for each.
    """
    if len(raw) > max_bytes:
        msg = f"the body has {len(raw)} bytes; at most {max_bytes} are taken"
        raise BodyTooLarge(msg)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"the body is not UTF-8 (byte {error.start}): encode it as UTF-8"
        raise MalformedJson(msg, errors=[fault("", msg)]) from None
    if text.startswith("\ufeff"):
        msg = "the body begins with a byte order mark: leave it out"
        raise MalformedJson(msg, errors=[fault("", msg)])
    _check_depth(text, max_depth)
    try:
        if _SUSPECT.search(text) is None:
            with suppress(_SuspectError):
                return _QUICK.decode(text)
        value: object = _THOROUGH.decode(text)
    except json.JSONDecodeError as error:
        msg = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        raise MalformedJson(msg, errors=[fault("", msg)]) from None
    faults: list[Fault] = []
    _inspect(value, "", faults)
    if faults:
        msg = "the body is JSON that different readers would read differently: mend each place named"
        raise MalformedJson(msg, errors=faults)
    return value


def _check_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > max_depth:
            msg = f"objects and lists are nested deeper than {max_depth}"
            raise MalformedJson(msg, errors=[fault("", msg)])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _SuspectError
    return value


def _exact(text: str) -> object:
    value = _number(text)
    if isinstance(value, _Refused):
        raise _SuspectError
    return value


def _suspect(_name: str) -> object:
    raise _SuspectError


def _constant(name: str) -> object:
    return _Refused(f"{name} is not JSON: leave the field out where a value is unknown")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for key, _ in pairs:
        if key in seen:
            twice[key] = None
        seen.add(key)
    return _Doubled(pairs, tuple(twice))


def _integer(text: str) -> object:
    if len(text.lstrip("-")) > MAX_DIGITS:
        return _Refused(f"an integer of more than {MAX_DIGITS} digits")
    return int(text)


def _number(text: str) -> object:
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS + 2 or len(exponent) > len(str(MAX_EXPONENT)) + 1:
        return _Refused("a number of absurd length")
    value = Decimal(text)
    if abs(value.adjusted()) > MAX_EXPONENT:
        return _Refused("a number too large or too small to be exact")
    return value


# Nearly every body is sound: it is read once, and only a doubtful one again, to find the places.
_QUICK: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_suspect, parse_float=_exact)
_THOROUGH: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_number, parse_int=_integer
)


def _inspect(value: object, at: str, faults: list[Fault]) -> None:
    if len(faults) >= _MAX_FAULTS:
        return
    match value:
        case str():
            trouble = unusable_text(value)
            if trouble:
                faults.append(fault(at, trouble))
        case _Refused():
            faults.append(fault(at, value.detail))
        case dict():
            _inspect_object(value, at, faults)
        case list():
            for index, inner in enumerate(value):
                _inspect(inner, f"{at}/{index}", faults)
        case _:
            pass


def _inspect_object(value: dict[str, object], at: str, faults: list[Fault]) -> None:
    if isinstance(value, _Doubled):
        faults.extend(fault(at + _step(key), "this key stands twice in its object") for key in value.keys_twice)
    for key, inner in value.items():
        trouble = unusable_text(key)
        if trouble:
            faults.append(fault(at, f"a key here: {trouble}"))
        else:
            _inspect(inner, at + _step(key), faults)


def _step(key: str) -> str:
    return pointer(_UNPRINTABLE.sub("\ufffd", key[:_SHOWN_KEY]))


def canonical(value: object) -> bytes:
    r"""Return the only bytes that mean ``value``: for hashes, signatures and fingerprints.

    RFC 8785 for the values that are taken: objects with text keys (in UTF-16 order), lists, text, integers, booleans,
    null. Aware datetimes become ``2026-11-24T14:41:07.000000Z``, dates ISO 8601, UUIDs their text.

    Raises:
        TypeError: A float, Decimal, naive datetime, bytes or anything else that has no single spelling.
        ValueError: A text with half of a surrogate pair.
    """
    return _WRITER.encode(_plain(value)).encode("utf-8")


_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


# Most of what is written: asked first, since it is cheap to ask.
_AS_IT_IS: Final = frozenset({str, int, bool, type(None)})


def _plain(value: object) -> object:
    if type(value) in _AS_IT_IS:
        return value
    match value:
        case str() | int():
            return value
        case datetime():
            return instant_text(value)
        case date() | UUID():
            return str(value)
        case dict() | Mapping():
            return _plain_object(value)
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            msg = f"canonical JSON has no single spelling for {type(value).__name__}"
            raise TypeError(msg)


def _plain_object(value: Mapping[object, object]) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, inner in value.items():
        if not isinstance(key, str):
            msg = f"canonical JSON has text keys only, not {type(key).__name__}"
            raise TypeError(msg)
        members[key] = inner if type(inner) in _AS_IT_IS else _plain(inner)
    if all(map(str.isascii, members)):
        return dict(sorted(members.items()))  # the same order, at a fraction of the cost
    return dict(sorted(members.items(), key=lambda member: _utf16(member[0])))


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def instant_text(at: datetime) -> str:
    """Return an aware instant as microsecond UTC text with ``Z``; a naive one raises TypeError."""
    if at.utcoffset() is None:
        msg = "a naive datetime has no instant"
        raise TypeError(msg)
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
