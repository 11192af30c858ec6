"""The measures as data: each published figure names the version by which it was computed."""

import functools
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Any, Final, Literal, Self, get_args

from antifraud.foundation.json import canonical
from antifraud.timeliness.facts import REQUEST_BOXES

CURRENT: Final = "1"
"""The version by which weeks are published now."""
Rule = Literal["boxes", "value", "duration"]
Counts = Literal["in_time", "missed", "held"]
Rounding = Literal["half_up_tenth", "milliseconds_down"]


class InvalidMeasures(ValueError):
    """The file of measures is not one that can be computed by."""


class UnknownMeasures(LookupError):
    """This program does not have the measures of that version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text in the two languages of the product."""

    zh: str
    en: str

    @classmethod
    def of(cls, table: dict[str, Any]) -> Self:
        """Return the words of a table with ``zh`` and ``en``."""
        return cls(zh=str(table["zh"]), en=str(table["en"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure: what is divided by what, how it is rounded, from how many it is published and ranked.

    `rule` says how it is computed from facts of `kind`: `boxes` is a share of
    ended time boxes, `value` of money, `duration` a time per case. Of the boxes
    of requests those of the `request_kinds` are counted, and how many there
    were of others is printed beside; None counts whatever has the box. Below
    `publish_minimum` the fraction is shown and its percentage withheld; below
    `rank_minimum` institutions are not compared by it.
    """

    id: str
    version: int
    headline: bool
    rule: Rule
    kind: str
    counts: Counts
    request_kinds: tuple[str, ...] | None
    title: Words
    definition: Words
    rounding: Rounding
    publish_minimum: int
    rank_minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All measures of one version; `hash` is the SHA-256 of their canonical content."""

    version: str
    hash: str
    measures: tuple[Measure, ...]


def parse(text: str) -> Measures:
    """Return the measures of a TOML text.

    Raises:
        InvalidMeasures: A key is missing or unknown, a word is none of those known, or an id stands twice.
    """
    try:
        document = tomllib.loads(text)
        found = tuple(_measure(table) for table in document["measures"])
        version = str(document["version"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"the measures cannot be read: {error}"
        raise InvalidMeasures(message) from error
    if len({measure.id for measure in found}) != len(found) or sum(measure.headline for measure in found) != 1:
        message = "each measure has an id of its own, and one of them is the headline"
        raise InvalidMeasures(message)
    return Measures(version=version, hash=sha256(canonical(document)).hexdigest(), measures=found)


@functools.cache
def load(version: str = CURRENT) -> Measures:
    """Return the measures of a version, also of one by which old weeks were published.

    Raises:
        UnknownMeasures: This program does not have them.
    """
    file = resources.files("antifraud.timeliness").joinpath("data", f"measures.v{version}.toml")
    if not version.isdecimal() or not file.is_file():
        message = f"this program has no measures of version {version!r}"
        raise UnknownMeasures(message)
    return parse(file.read_text(encoding="utf-8"))


def _measure(table: dict[str, Any]) -> Measure:
    given = {"headline": False, "request_kinds": None, **table}
    unknown = set(given) - set(Measure.__dataclass_fields__)
    if unknown:
        message = f"unknown key {min(unknown)!r}"
        raise ValueError(message)
    for name, words in (("rule", Rule), ("counts", Counts), ("rounding", Rounding)):
        if given[name] not in get_args(words):
            message = f"{name} is one of {', '.join(get_args(words))}"
            raise ValueError(message)
    kinds = given["request_kinds"]
    if (kinds is not None) != (given["kind"] in REQUEST_BOXES):
        message = f"request_kinds stands with the boxes of requests ({', '.join(REQUEST_BOXES)}), and only there"
        raise ValueError(message)
    if kinds is not None and not (isinstance(kinds, list) and kinds and all(isinstance(kind, str) for kind in kinds)):
        message = "request_kinds is a list of kinds of request"
        raise ValueError(message)
    return Measure(
        **{
            **given,
            "request_kinds": None if kinds is None else tuple(kinds),
            "title": Words.of(given["title"]),
            "definition": Words.of(given["definition"]),
        }
    )
