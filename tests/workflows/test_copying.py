"""The engine's own `replace` gives what that of `dataclasses` gives."""

import dataclasses

import pytest

from tests.workflows.driver import Driver
from workflows import copying


def test_a_copy_has_the_changes_and_nothing_else_and_the_first_value_stays() -> None:
    d = Driver()
    hold = d.hold(d.stopped())
    request, clock = d.request_of(hold.id), d.clock("stop_end", hold.id)
    for value, changes in (
        (hold, {"state": "lapsed", "held_minor": 0}),
        (request, {"stage": "withdrawn"}),
        (clock.derivation, {"length": "PT0S"}),
        (clock, {}),
    ):
        before = dataclasses.replace(value)
        copy = copying.replace(value, **changes)
        assert copy == dataclasses.replace(value, **changes)
        assert type(copy) is type(value)
        assert value == before
        assert hash(copy) == hash(dataclasses.replace(value, **changes))


def test_a_field_that_is_not_there_is_refused() -> None:
    d = Driver()
    hold = d.hold(d.claim())
    with pytest.raises(KeyError):
        copying.replace(hold, colour="red")  # type: ignore[call-arg] # no such field


def test_a_value_that_computes_something_at_its_birth_is_refused() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Counting:
        one: int
        two: int

        def __post_init__(self) -> None:
            """Something."""

    with pytest.raises(TypeError, match="field by field"):
        copying.replace(Counting(1, 2), one=3)
