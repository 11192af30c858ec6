"""What the workflow can ask for has somebody who does it: every effect a row, every clock a handler."""

import ast
import dataclasses
import typing
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from types import NoneType
from uuid import UUID

import pytest

from workflows import effects
from workflows.projection import Projection, project
from workflows.state import ProcedureState

ROOT = Path(__file__).parents[2]
SIMPLE: dict[object, object] = {UUID: UUID(int=1), datetime: datetime(2026, 11, 24, tzinfo=UTC), str: "x", int: 1}
KINDS = sorted(
    (one for one in vars(effects).values() if isinstance(one, type) and issubclass(one, effects.Effect)),
    key=lambda one: one.__name__,
)
ENGINE = sorted((ROOT / "workflows" / "engine").glob("*.py"))
WRITERS = ("rows.py", "messages.py")


def made(kind: typing.Any) -> typing.Any:  # noqa: ANN401 - a value of any annotated type
    """Return some value of a type."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if NoneType in typing.get_args(kind):
        return None
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{field.name: made(hints[field.name]) for field in dataclasses.fields(kind)})
    return (typing.get_origin(kind) or kind)()


def test_there_are_effects_to_look_at() -> None:
    assert len(KINDS) > 10


@pytest.mark.parametrize("kind", [one for one in KINDS if one is not effects.Effect], ids=lambda one: one.__name__)
def test_every_effect_becomes_a_row_of_exactly_one_table(kind: type[effects.Effect]) -> None:
    state = ProcedureState()
    projected = dataclasses.asdict(project(state, state, (made(kind),)))
    assert sorted(len(rows) for rows in projected.values()) == [0] * (len(projected) - 1) + [1]


def test_every_part_of_a_projection_has_a_writer() -> None:
    trees = [ast.parse((ROOT / "antifraud" / "cases" / name).read_text(encoding="utf-8")) for name in WRITERS]
    read = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "projection"
    }
    assert read == {field.name for field in dataclasses.fields(Projection)}


def nodes(*names: str) -> typing.Iterator[ast.AST]:
    for path in ENGINE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not names or (isinstance(node, ast.FunctionDef) and node.name in names):
                yield node


def spelled(kind: ast.expr) -> set[str]:
    """Return what the kind of a clock can be: a word, or a measure's name and a word."""
    if isinstance(kind, ast.Constant):
        return {str(kind.value)}
    assert isinstance(kind, ast.JoinedStr), ast.unparse(kind)
    parts = [[str(one.value)] if isinstance(one, ast.Constant) else ["stop", "freeze"] for one in kind.values]
    return {"".join(found) for found in product(*parts)}


def test_every_kind_of_clock_that_is_started_is_handled_when_it_is_reached() -> None:
    started = {
        kind
        for node in nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "start_clock"
        for kind in spelled(node.args[0])
    }
    handled: set[str] = set()
    for handler in nodes("clock_reached"):
        for node in ast.walk(handler):
            if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
                handled.add(str(node.value.value))
            if isinstance(node, ast.Compare) and ast.unparse(node.left) == "clock.kind":
                handled |= {str(one.value) for one in node.comparators if isinstance(one, ast.Constant)}
    assert len(started) > 5
    assert started == handled
