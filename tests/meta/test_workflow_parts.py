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

from workflows import as_recorded, effects
from workflows.events import ClockReached
from workflows.projection import Projection, project
from workflows.state import ProcedureState

ROOT = Path(__file__).parents[2]
SIMPLE: dict[object, object] = {UUID: UUID(int=1), datetime: datetime(2026, 11, 24, tzinfo=UTC), str: "x", int: 1}
KINDS = sorted(
    (one for one in vars(effects).values() if isinstance(one, type) and issubclass(one, effects.Effect)),
    key=lambda one: one.__name__,
)
# The base, and what is kept with the event itself instead of in a table.
WITHOUT_A_ROW = (effects.Effect, effects.Counted)
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


@pytest.mark.parametrize("kind", [one for one in KINDS if one not in WITHOUT_A_ROW], ids=lambda one: one.__name__)
def test_every_effect_becomes_a_row_of_exactly_one_table(kind: type[effects.Effect]) -> None:
    state = ProcedureState()
    projected = dataclasses.asdict(project(state, state, (made(kind),)))
    assert sorted(len(rows) for rows in projected.values()) == [0] * (len(projected) - 1) + [1]


def test_what_was_counted_is_kept_with_the_event_and_in_no_table() -> None:
    counted = made(effects.Counted)
    state = ProcedureState()
    assert not any(dataclasses.asdict(project(state, state, (counted,))).values())
    event = ClockReached(id=UUID(int=1), at=counted.derivation.due_at, clock_id=UUID(int=2))
    assert as_recorded(event, (counted,)).counted == (counted.derivation,)


def test_every_part_of_a_projection_has_a_writer() -> None:
    trees = [ast.parse((ROOT / "antifraud" / "cases" / name).read_text(encoding="utf-8")) for name in WRITERS]
    read = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "projection"
    }
    assert read == {field.name for field in dataclasses.fields(Projection)}


def nodes() -> typing.Iterator[ast.AST]:
    for path in ENGINE:
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def spelled(kind: ast.expr) -> set[str]:
    """Return what the kind of a clock can be: a word, or a measure's name and a word; nothing new when it runs on."""
    if isinstance(kind, ast.Constant):
        return {str(kind.value)}
    if ast.unparse(kind) == "clock.kind":  # a wait that was started before, counted again
        return set()
    assert isinstance(kind, ast.JoinedStr), ast.unparse(kind)
    parts = [[str(one.value)] if isinstance(one, ast.Constant) else ["stop", "freeze"] for one in kind.values]
    return {"".join(found) for found in product(*parts)}


def calls(name: str) -> typing.Iterator[ast.Call]:
    for node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.Name)):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if called == name:
                yield node


def started_clocks() -> typing.Iterator[tuple[str, str]]:
    """Yield the subject and the kind of every clock that the engine can start."""
    for call in calls("start_clock"):
        kind, subject = call.args[0], call.args[1]
        if ast.unparse(kind) == "kind":  # of the one function that starts the warnings of any wait of a hold
            continue
        for word in spelled(kind):
            assert isinstance(subject, ast.Constant), ast.unparse(call)
            yield str(subject.value), word
    for call in calls("next_warning"):
        for keyword in call.keywords:
            if keyword.arg == "kind":
                yield from (("hold", word) for word in spelled(keyword.value))


def matched(handler: str) -> set[str]:
    """Return the words that a function knows, by its `match`."""
    tree = ast.parse((ROOT / "workflows" / "engine" / "reached.py").read_text(encoding="utf-8"))
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == handler)
    return {
        str(node.value.value)
        for node in ast.walk(function)
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant)
    }


def test_every_kind_of_clock_that_is_started_is_handled_when_it_is_reached() -> None:
    started: dict[str, set[str]] = {}
    for subject, kind in started_clocks():
        started.setdefault(subject, set()).add(kind)
    assert sum(map(len, started.values())) > 10
    # A task's and an approval's clock are told by their subject alone.
    assert {"hold", *matched("clock_reached")} == set(started)
    assert started == {
        "task": {"task"},
        "approval": {"approval"},
        "request": matched("_of_request"),
        "hold": matched("_of_hold"),
    }
