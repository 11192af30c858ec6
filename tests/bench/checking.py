"""How long `check` takes on one processor: every shipped definition, and the one that takes longest counts."""

import time
from typing import Any

from workflows import bundled, load
from workflows.checking import check


def measure(*, most: int | None = None) -> dict[str, Any]:
    """Return processor seconds, states and events tried of each definition, the longest first.

    Args:
        most: Only so many definitions, for a trial.
    """
    found = []
    for ident, version in bundled()[:most]:
        definition = load(ident, version)
        began = time.process_time()
        result = check(definition)
        taken = time.process_time() - began
        explored = result.explored
        found.append(
            {"name": definition.name, "seconds": taken, "states": explored.states, "events": explored.transitions}
        )
    return {"each": sorted(found, key=lambda one: -float(one["seconds"]))}
