"""The inputs of a published week as they are stored beside it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from antifraud.foundation.json import canonical
from antifraud.foundation.json import loads as read_json
from antifraud.timeliness.facts import fact_from_json
from antifraud.timeliness.rules import Inputs
from antifraud.timeliness.weeks import Week

_MAX_BYTES: Final = 1 << 30


def inputs_to_json(inputs: Inputs) -> dict[str, Any]:
    """Return the inputs as plain JSON: each fact with the values that were used."""
    week = inputs.week
    plain = {
        "centre": inputs.centre,
        "week": week.name,
        "zone": week.zone,
        "starts_at": week.start,
        "ends_at": week.end,
        "cut_off_at": inputs.cut_off_at,
        "institutions": {str(key): code for key, code in inputs.institutions.items()},
        "facts": [fact.to_json() for fact in inputs.facts],
    }
    return cast("dict[str, Any]", read_json(canonical(plain), max_bytes=_MAX_BYTES))


def inputs_from_json(plain: Mapping[str, Any]) -> Inputs:
    """Return the inputs that `inputs_to_json` wrote; the week's instants as they were then."""
    return Inputs(
        centre=plain["centre"],
        week=Week(
            name=plain["week"],
            zone=plain["zone"],
            start=datetime.fromisoformat(plain["starts_at"]),
            end=datetime.fromisoformat(plain["ends_at"]),
        ),
        cut_off_at=datetime.fromisoformat(plain["cut_off_at"]),
        institutions={UUID(key): code for key, code in plain["institutions"].items()},
        facts=tuple(fact_from_json(fact) for fact in plain["facts"]),
    )
