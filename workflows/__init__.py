"""The pure engine: schemes as data, and what follows what. No clock, no network, no database.

`advance(definition, state, event)` gives the next state and what must happen
outside; `project` turns a change into table rows; `codec` writes events and
states as JSON; `library.load` gives the bundled definitions, `parse` any other.
Imports the standard library only.
"""

from workflows import effects, events, state
from workflows.codec import (
    InvalidPayload,
    event_from_json,
    event_to_json,
    state_from_json,
    state_to_json,
    value_to_json,
)
from workflows.engine import EventRefused, advance, as_recorded
from workflows.events import AnyEvent, Claim
from workflows.ids import derived_id
from workflows.language import InvalidDefinition, parse
from workflows.library import UnknownDefinition, bundled, load
from workflows.projection import Projection, project
from workflows.scheme import Definition
from workflows.state import ProcedureState

__all__ = [
    "AnyEvent",
    "Claim",
    "Definition",
    "EventRefused",
    "InvalidDefinition",
    "InvalidPayload",
    "ProcedureState",
    "Projection",
    "UnknownDefinition",
    "advance",
    "as_recorded",
    "bundled",
    "derived_id",
    "effects",
    "event_from_json",
    "event_to_json",
    "events",
    "load",
    "parse",
    "project",
    "state",
    "state_from_json",
    "state_to_json",
    "value_to_json",
]
