"""The maps of a step: looked through, copied at the first change, sealed in the order of their ids at its end."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from workflows.state import Clock, Task

_V = TypeVar("_V")
_S = TypeVar("_S", Clock, Task)


def about(subject_id: UUID, items: Iterable[_S]) -> list[_S]:
    """Return the clocks or tasks about a subject.

    Ids are compared by their numbers: the equality of `UUID` is written in Python, and several times
    slower where a case has a hundred holds.
    """
    number = subject_id.int
    return [item for item in items if item.subject_id.int == number]


def with_item(now: Mapping[UUID, _V], before: Mapping[UUID, _V], key: UUID, value: _V) -> Mapping[UUID, _V]:
    """Return the map of this step with one item written; ``before``, that of the state, is never touched."""
    copy = _own(now, before)
    copy[key] = value
    return copy


def without_item(now: Mapping[UUID, _V], before: Mapping[UUID, _V], key: UUID) -> Mapping[UUID, _V]:
    """Return the map of this step without one item; ``before``, that of the state, is never touched."""
    copy = _own(now, before)
    del copy[key]
    return copy


def sealed(now: Mapping[UUID, _V], before: Mapping[UUID, _V]) -> Mapping[UUID, _V]:
    """Seal a map in the order of its ids.

    A database hands JSON objects back in an order of its own; what follows from
    a state must not depend on whether it was kept in memory or read again.
    """
    if now is before:
        return now
    own, moved = _own(now, before), []
    while own and next(reversed(own)) not in before:  # what is new stands at the end, behind what was in order
        moved.append(own.popitem())
    if moved:
        lowest = min([key.int for key, _ in moved])
        while own and next(reversed(own)).int > lowest:
            moved.append(own.popitem())
        moved.sort(key=lambda item: item[0].int)
        own.update(moved)
    return MappingProxyType(own)


def _own(now: Mapping[UUID, _V], before: Mapping[UUID, _V]) -> dict[UUID, _V]:
    """Return the map of this step, copied when it is changed for the first time."""
    if now is not before:
        assert isinstance(now, dict)  # noqa: S101 - ours since the first change of this step
        return now
    # The proxy's own copy keeps the hashes of the ids; `dict` would compute them all again.
    return now.copy() if isinstance(now, MappingProxyType) else dict(now)
