"""A TOML table that is read key by key: what is wrong, missing or left over becomes a fault with its path."""

import re
from collections.abc import Collection, Mapping
from typing import TypeVar

from workflows.clocks import InvalidLength, Length, parse_length

NOTHING = Length("PT0S", 0, 0, 0)
"""No time at all: what stands for a length that could not be read."""
CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
"""How everything is named that the engine, the wire and the tables know by a code."""

_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number with a fraction",
    "bool": "true or false",
    "list": "a list",
    "dict": "a table",
    "date": "a date such as 2026-11-25",
    "datetime": "a date with a time",
    "time": "a time of day",
}
"""The kinds of TOML values in words."""

_T = TypeVar("_T")


class Table:
    """One table: `path` is where it stands, `faults` gathers (path, sentence) for the whole document."""

    def __init__(self, content: Mapping[str, object], path: str, faults: list[tuple[str, str]]) -> None:
        """Read ``content``, which stands at ``path``; faults are added to ``faults``."""
        self._rest = dict(content)
        self.path = path
        self.faults = faults

    def at(self, key: str) -> str:
        """Return the TOML path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, sentence: str) -> None:
        """Add a fault at a key, or at the table itself for an empty one."""
        self.faults.append((self.at(key) if key else self.path, sentence))

    def codes(self) -> tuple[str, ...]:
        """Return the keys that nobody has taken yet, in the order of the file."""
        return tuple(self._rest)

    def has(self, key: str) -> bool:
        """Tell whether a key stands in the table and was not taken yet."""
        return key in self._rest

    def take(self, key: str, kind: type[_T], default: _T, *, optional: bool = False) -> _T:
        """Return a value of a kind; ``default`` stands for one that is missing or of another kind."""
        value = self._rest.pop(key, None)
        if value is None:
            if not optional:
                self.fault(key, "is missing")
            return default
        if (
            not isinstance(value, kind) or type(value) is not kind
        ):  # a bool is no whole number, and an instant is no date
            self.fault(key, f"must be {_said(kind)}, not {_said(type(value))}")
            return default
        return value

    def text(self, key: str, choices: Collection[str] | None = None, *, default: str | None = None) -> str:
        """Return a text that is not empty and, where there are choices, one of them."""
        known = len(self.faults)
        value = self.take(key, str, default or "", optional=default is not None)
        if len(self.faults) > known:
            return value
        if choices is not None and value not in choices:
            self.fault(key, f"{value!r} is none of {', '.join(sorted(choices))}")
        elif (sentence := _unreadable(value)) is not None:
            self.fault(key, sentence)
        return value

    def code(self, key: str) -> str:
        """Return a text that is a code."""
        known = len(self.faults)
        value = self.text(key)
        if len(self.faults) == known and not CODE.fullmatch(value):
            self.fault(key, f"{value!r} is no code of small letters, digits and _")
        return value

    def words(self, key: str) -> str:
        """Return a text that may be left out."""
        return self.text(key) if self.has(key) else ""

    def texts(
        self, key: str, choices: Collection[str] | None = None, *, optional: bool = False, default: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Return a list of texts, each once and, where there are choices, each one of them."""
        if optional and key not in self._rest:
            return default
        found: list[str] = []
        for index, value in enumerate(self.take(key, list, [])):
            at = f"{key}[{index}]"
            if not isinstance(value, str):
                self.fault(at, f"must be {_said(str)}, not {_said(type(value))}")
            elif choices is not None and value not in choices:
                self.fault(at, f"{value!r} is none of {', '.join(sorted(choices))}")
            elif value in found:
                self.fault(at, f"{value!r} stands there twice")
            elif (sentence := _unreadable(value)) is not None:
                self.fault(at, sentence)
            else:
                found.append(value)
        return tuple(found)

    def coded(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Return a list of codes, each once."""
        found = self.texts(key, optional=optional)
        for index, value in enumerate(found):
            if not CODE.fullmatch(value):
                self.fault(f"{key}[{index}]", f"{value!r} is no code of small letters, digits and _")
        return found

    def whole(self, key: str, low: int, high: int) -> int:
        """Return a whole number between two bounds, both allowed."""
        value = self.take(key, int, low)
        if not low <= value <= high:
            self.fault(key, f"must lie between {low} and {high}")
        return value

    def table(self, key: str, *, optional: bool = False) -> "Table":
        """Return a table inside this one; a missing one reads as empty."""
        return Table(self.take(key, dict, {}, optional=optional), self.at(key), self.faults)

    def length(self, key: str, *, calendar: str = "absolute", optional: bool = False) -> Length | None:
        """Return an ISO 8601 duration that ``calendar`` can count, None for an optional one that is missing."""
        if optional and key not in self._rest:
            return None
        known = len(self.faults)
        text = self.take(key, str, "")
        return NOTHING if len(self.faults) > known else self.measured(key, text, calendar)

    def measured(self, key: str, text: str, calendar: str) -> Length:
        """Read the duration ``text`` that stands at ``key``."""
        try:
            length = parse_length(text)
            if calendar == "absolute":
                length.absolute()
        except (InvalidLength, OverflowError) as error:
            self.fault(key, str(error))
            return NOTHING
        return length

    def close(self) -> None:
        """Refuse every key that was not taken."""
        for key in self._rest:
            self.fault(key, "is not a key of this table")


def _said(kind: type) -> str:
    return _KINDS.get(kind.__name__, kind.__name__)


def _unreadable(value: str) -> str | None:
    """Say what is wrong with a text that nobody could read, or that no database keeps."""
    if not value.strip():
        return "must not be empty"
    if any(not (one.isprintable() or one in "\n\t") for one in value):
        return "has a control character"
    return None
