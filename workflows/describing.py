"""A definition in words: each rule with what it says, where it comes from and how sure that is."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from workflows.clocks import InvalidLength, parse_length
from workflows.language.house import with_house

_SOURCELESS: Final = frozenset({"definition", "missing"})
"""Tables that say something and come from nowhere: the heading, and what nobody published."""
_BESIDE: Final = frozenset({"source", "confidence", "checked_on"})
_UNITS: Final = (("months", "个月"), ("days", "天"), ("hours", "小时"), ("minutes", "分钟"), ("seconds", "秒"))
_SIXTY: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One table of a definition: `says` are its keys with their values in words."""

    path: str
    says: Mapping[str, str]
    source: str
    confidence: str
    checked_on: date | None

    @property
    def line(self) -> str:
        """What the rule says, on one line."""
        return "; ".join(f"{key}: {words}" for key, words in self.says.items())


def rules_of(text: str, lang: str = "en") -> tuple[Rule, ...]:
    """Return the rules of a definition that parses, house rules included, in the order of the file.

    Args:
        text: The TOML.
        lang: `en` or `zh`: the language of the durations; keys and codes stay as the file writes them.
    """
    document = with_house(tomllib.loads(text)).document
    head = document.get("definition", {})
    return tuple(_rules(document, "", lang, head.get("checked_on") if isinstance(head, Mapping) else None))


def _rules(table: Mapping[str, Any], path: str, lang: str, checked_on: date | None) -> Iterator[Rule]:
    is_rule = "source" in table or path in _SOURCELESS
    if is_rule:
        says = {key: said(value, lang) for key, value in _flat(table) if key not in _BESIDE}
        yield Rule(
            path=path,
            says=says,
            source=str(table.get("source", "")),
            confidence=str(table.get("confidence", "")),
            checked_on=table.get("checked_on", checked_on),
        )
        return
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _rules(value, f"{path}.{key}" if path else key, lang, checked_on)


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, item in enumerate(value, 1):
                yield from _flat(item, f"{before}{key}[{number}].")
        else:
            yield f"{before}{key}", value


def said(value: object, lang: str = "en") -> str:
    """Return a value of a definition in words: durations spoken, lists with commas, yes and no."""
    match value:
        case bool():
            return {("en", True): "yes", ("en", False): "no", ("zh", True): "是", ("zh", False): "否"}[lang, value]
        case list() | tuple():
            return ", ".join(said(item, lang) for item in value) or "-"
        case str() if value.startswith("P"):
            return duration(value, lang)
        case _:
            return str(value)


def duration(text: str, lang: str = "en") -> str:
    """Return an ISO 8601 duration in words; what is none comes back as it is."""
    try:
        length = parse_length(text)
    except InvalidLength:
        return text
    minutes, seconds = divmod(length.seconds, _SIXTY)
    hours, minutes = divmod(minutes, _SIXTY)
    counts = (length.months, length.days, hours, minutes, seconds)
    if lang == "zh":
        return "".join(f"{count}{zh}" for count, (_, zh) in zip(counts, _UNITS, strict=True) if count) or "立即"
    words = [f"{count} {en if count > 1 else en[:-1]}" for count, (en, _) in zip(counts, _UNITS, strict=True) if count]
    return " ".join(words) or "at once"
