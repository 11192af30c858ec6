"""Events and states survive JSON exactly, and broken JSON is refused."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.driver import Driver
from workflows import (
    AnyEvent,
    Claim,
    InvalidPayload,
    derived_id,
    event_from_json,
    event_to_json,
    state_from_json,
    state_to_json,
)
from workflows.codec import EVENT_TYPES, instant_from_text, instant_to_text
from workflows.events import Moved
from workflows.state import Counting, Derivation, Pause

INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by hypothesis

PAUSES = st.builds(Pause, paused_at=INSTANTS, resumed_at=st.none() | INSTANTS)
COUNTINGS = st.builds(Counting, pauses=st.lists(PAUSES, max_size=2).map(lambda found: (*found,)))
DERIVATIONS = st.builds(Derivation, started_at=INSTANTS, due_at=INSTANTS, counting=st.none() | COUNTINGS)


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES.keys())
def test_every_event_survives_json_exactly(kind: type[Any]) -> None:
    @settings(deadline=None)  # a wide event takes long to build on a busy machine
    @given(st.builds(kind, at=INSTANTS, **_wide(kind)))
    def survives(event: AnyEvent) -> None:
        document = json.loads(json.dumps(event_to_json(event)))
        assert document["type"] == kind.__name__
        assert event_from_json(document["type"], event.id, event.at, document) == event

    survives()


def _wide(kind: type[Any]) -> dict[str, Any]:
    """Strategies for the fields whose type says less than they may hold."""
    whole: st.SearchStrategy[Any] = st.integers(-(10**38), 10**38)
    instants: st.SearchStrategy[Any] = INSTANTS
    claims: st.SearchStrategy[Any] = st.builds(Claim, since=INSTANTS, paid_at=st.none() | INSTANTS)
    wide: dict[str, Any] = dict.fromkeys(("held_minor", "balance_minor", "amount_minor"), st.none() | whole)
    wide |= dict.fromkeys(("executed_at", "ends_at"), st.none() | instants)
    wide |= dict.fromkeys(("sent_at", "delivered_at"), instants)
    wide |= dict.fromkeys(("was", "now"), DERIVATIONS)
    moved = st.builds(Moved, was=DERIVATIONS, now=DERIVATIONS)
    wide |= {"moved": st.lists(moved, max_size=2).map(lambda found: (*found,))}
    wide |= {"counted": st.lists(DERIVATIONS, max_size=2).map(lambda found: (*found,))}
    wide |= {"claim": claims, "next_hops": st.lists(claims, max_size=2).map(lambda found: (*found,))}
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: strategy for name, strategy in wide.items() if name in names}


def test_amounts_beyond_what_every_reader_keeps_exact_are_strings() -> None:
    procedure = Driver()
    hold_id = procedure.claim(amount_minor=2**53 + 1)
    document = state_to_json(procedure.state)
    assert document["holds"][str(hold_id)]["traced_minor"] == "9007199254740993"
    assert state_from_json(document) == procedure.state


def test_instants_keep_microseconds_and_become_utc() -> None:
    at = datetime(2026, 3, 1, 8, 0, 0, 1, tzinfo=timezone(timedelta(hours=8)))
    assert instant_to_text(at) == "2026-03-01T00:00:00.000001Z"
    assert instant_from_text(instant_to_text(at)) == at


@pytest.mark.parametrize(
    "change",
    [
        {"hold_id": None},
        {"hold_id": 3},
        {"hold_id": "not-an-id"},
        {"by": 5},
        {"surprise": 1},
    ],
)
def test_a_broken_payload_is_refused(change: dict[str, Any]) -> None:
    payload = {"hold_id": str(UUID(int=1)), "by": "a", **change}
    with pytest.raises(InvalidPayload):
        event_from_json("ClaimConfirmed", UUID(int=2), datetime(2026, 1, 1, tzinfo=UTC), payload)


def test_an_unknown_event_or_schema_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="Surprise"):
        event_from_json("Surprise", UUID(int=2), datetime(2026, 1, 1, tzinfo=UTC), {})
    with pytest.raises(InvalidPayload, match="schema"):
        state_from_json({**state_to_json(Driver().state), "schema": 99})


def test_a_field_that_was_added_later_takes_its_default() -> None:
    document = state_to_json(Driver().state)
    del document["filing"]
    assert state_from_json(document).filing is None


@given(INSTANTS, st.lists(st.text() | st.integers() | st.uuids(), max_size=4))
def test_a_derived_id_is_a_uuid_of_version_7_with_its_instant(at: datetime, parts: list[Any]) -> None:
    made = derived_id(at, *parts)
    assert made == derived_id(at, *parts)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert made != derived_id(at, *parts, "more")
