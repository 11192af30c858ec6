"""House rules: what a definition need not say, because a centre works in the same way under every scheme.

`[definition] house = "house.v1"` takes every table that the definition lacks
from the bundled file of that name. What is taken belongs to the definition:
its content hash covers it, so a changed house is another definition.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

_GATHERED = frozenset({"clocks", "outcomes", "tasks", "watch"})
"""Tables that are completed key by key; any other is taken whole, or not at all."""
_NAME = re.compile(r"[a-z][a-z0-9_]*\.v[1-9]\d*", re.ASCII)


class Housed(NamedTuple):
    """A definition's document with its house rules; `lent` are the tasks that only the house has."""

    document: dict[str, Any]
    lent: frozenset[str]
    fault: str | None = None


def with_house(document: Mapping[str, Any]) -> Housed:
    """Complete a document by the house rules that it names, if it names any."""
    own = dict(document)
    head = own.get("definition")
    name = head.get("house") if isinstance(head, Mapping) else None
    if name is None:
        return Housed(own, frozenset())
    house = _house(name) if isinstance(name, str) and _NAME.fullmatch(name) else None
    if house is None:
        return Housed(own, frozenset(), f"there are no house rules {name!r}; there is house.v1")
    for key, content in house.items():
        given = own.get(key, {})
        if key in _GATHERED and isinstance(given, Mapping):
            own[key] = {**given, **{name: one for name, one in content.items() if name not in given}}
        else:
            own.setdefault(key, content)
    tasks = document.get("tasks", {})
    return Housed(own, frozenset(house["tasks"]) - set(tasks if isinstance(tasks, Mapping) else ()))


@cache
def _house(name: str) -> dict[str, Any] | None:
    file = resources.files("workflows").joinpath("definitions", "house", f"{name}.toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else None
