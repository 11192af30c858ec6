"""Definitions that are broken in one way each: a shipped one, with a few keys changed or taken out.

`[[change]]` changes the TOML at a path, or takes it out. `[[behind]]` changes what was read, behind the reader's back:
some faults it refuses by itself, and the check must not rest on that.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from workflows import Definition, parse
from workflows.library import text_of

FOLDER = Path(__file__).resolve().parent.parent / "broken"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@dataclass(frozen=True)
class Broken:
    """One of them: `fails` is the property that it breaks, `states` how far one must go to see it."""

    name: str
    fails: str
    states: int
    document: dict[str, Any]
    behind: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        """The definition as TOML."""
        return "".join(_lines((), self.document))

    def definition(self) -> Definition:
        """Read it, and change what the reader would not let pass."""
        read = parse(self.text)
        for change in self.behind:
            read = _changed(read, tuple(change["at"].split(".")), change.get("to"))
        return read


def load(name: str) -> Broken:
    """Return a broken definition by the name of its file."""
    asked = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    ident, _, version = asked["base"].rpartition(".v")
    document = tomllib.loads(text_of(ident, int(version)))
    for change in asked.get("change", ()):
        *tables, key = change["at"].split(".")
        place = document
        for table in tables:
            place = place[table]
        if "to" in change:
            place[key] = change["to"]
        else:
            del place[key]
    return Broken(name, asked["fails"], asked.get("states", 20_000), document, tuple(asked.get("behind", ())))


def _changed(item: Any, path: tuple[str, ...], to: object) -> Any:  # noqa: ANN401 - whatever stands at the path
    if not path:
        return to
    key, *rest = path
    if isinstance(item, Mapping):
        kept = {name: value for name, value in item.items() if name != key or rest or to is not None}
        return {**kept, key: _changed(item[key], tuple(rest), to)} if rest or to is not None else kept
    return replace(item, **{key: _changed(getattr(item, key), tuple(rest), to)})


def _lines(path: tuple[str, ...], table: dict[str, Any]) -> list[str]:
    own = {key: value for key, value in table.items() if not _is_table(value)}
    lines = [f"\n[{'.'.join(path)}]\n"] if path and (own or not table) else []
    lines += [f"{key} = {_value(value)}\n" for key, value in own.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _lines((*path, key), value)
        elif _is_table(value):
            for item in value:
                lines.append(f"\n[[{'.'.join((*path, key))}]]\n")
                lines += [f"{name} = {_value(one)}\n" for name, one in item.items()]
    return lines


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case int() | date():
            return str(value)
        case _:
            raise TypeError(value)
