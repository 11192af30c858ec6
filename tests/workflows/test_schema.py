"""The JSON Schema of the language: every shipped file fits it, and what has a wrong form does not."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from tests.workflows.written import changed, table
from workflows import bundled
from workflows.language.schema import schema
from workflows.library import text_of

SCHEMA = schema()
KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str, date),
    "integer": (int,),
    "boolean": (bool,),
}
KNOWN = {"type", "enum", "pattern", "format", "minLength", "minimum", "maximum", "items", "minItems", "uniqueItems"} | {
    *("properties", "patternProperties", "additionalProperties", "required", "$schema", "title"),
}


def wrong(rule: Mapping[str, Any], value: Any, at: str = "") -> Iterator[str]:  # noqa: ANN401 - a JSON value
    """Yield where a value does not fit: the part of JSON Schema that the language's schema uses, and no other."""
    assert rule.keys() <= KNOWN, rule.keys() - KNOWN
    kind = rule.get("type")
    if kind is not None and (not isinstance(value, KINDS[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield at
        return
    is_short = isinstance(value, str) and len(value) < rule.get("minLength", 0)
    is_other = isinstance(value, str) and not re.search(rule.get("pattern", ""), value)
    is_out = isinstance(value, int) and not rule.get("minimum", value) <= value <= rule.get("maximum", value)
    if is_short or is_other or is_out or value not in rule.get("enum", [value]):
        yield at
    if isinstance(value, list):
        if len(value) < rule.get("minItems", 0) or (rule.get("uniqueItems") and len(set(value)) < len(value)):
            yield at
        for index, item in enumerate(value):
            yield from wrong(rule.get("items", {}), item, f"{at}[{index}]")
    if isinstance(value, dict):
        yield from (f"{at}.{key}".lstrip(".") for key in rule.get("required", []) if key not in value)
        for key, item in value.items():
            yield from _of_key(rule, key, item, f"{at}.{key}".lstrip("."))


def _of_key(rule: Mapping[str, Any], key: str, item: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - a JSON value
    rules = [rule["properties"][key]] if key in rule.get("properties", {}) else []
    rules += [one for pattern, one in rule.get("patternProperties", {}).items() if re.search(pattern, key)]
    rest = rule.get("additionalProperties", True)
    if not rules and rest is False:
        yield at
    elif not rules and isinstance(rest, dict):
        rules = [rest]
    for one in rules:
        yield from wrong(one, item, at)


@pytest.mark.parametrize(("ident", "version"), bundled())
def test_every_shipped_definition_fits(ident: str, version: int) -> None:
    assert list(wrong(SCHEMA, tomllib.loads(text_of(ident, version)))) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (changed(('status = "example"', 'status = "draft"')), "definition.status"),
        (changed(("version = 1", 'version = "one"')), "definition.version"),
        (changed(('zone = "Asia/Shanghai"\n', "")), "definition.zone"),
        (changed(('zone = "', 'colour = "red"\nzone = "')), "definition.colour"),
        (changed(('who = ["police_centre"]', 'who = ["neighbour"]')), "asking.who[0]"),
        (changed(('length = "PT2M"', 'length = "2 minutes"')), "clocks.receipt.urgent.length"),
        (changed(('calendar = "calendar"', 'calendar = "moon"')), "clocks.freeze_term.calendar"),
        (changed(("at_percent = [50, 80]", "at_percent = [0, 80]")), "clocks.reminder.at_percent[0]"),
        (changed(("depth = 10", "depth = 1000")), "follow.depth"),
        (changed(('from = ["frozen"]', 'from = ["frosty"]')), "requests.return.from[0]"),
        (changed(('hold = { return = "returned" }', 'hold = { return = "kept" }')), "outcomes.returned.hold.return"),
        (changed(added=table("lanes.a", 'mode = "drop"')), "lanes.a.mode"),
        (changed(added=table("lanes.a", 'reasons = ["x", "x"]')), "lanes.a.reasons"),
        (changed(added=table("obligations.a", 'to = "barber"\nwhen = "held"\ntask = "t"')), "obligations.a.to"),
        (changed(added='\n[split]\nmethod = "lifo"\nconfidence = "low"\n'), "split.source"),
        (changed(added="\n[colours]\nred = 1\n"), "colours"),
    ],
)
def test_a_wrong_form_is_found_at_its_place(text: str, place: str) -> None:
    assert place in set(wrong(SCHEMA, tomllib.loads(text)))
