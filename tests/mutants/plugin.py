"""What pytest is told while code is broken on purpose: few examples, and the quickest tests first.

A mutant is dead with the first test that goes red, so the order decides what a run costs.
"""

import gc
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

STATS = Path("mutmut-stats.json")
"""What mutmut measured of each test; it runs pytest in the folder of the mutated tree, where this stands."""

settings.register_profile(
    "mutants",
    max_examples=12,
    # The same examples for each mutant, none kept from an earlier one, and no search for the smallest that fails.
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    # A broken line may be slow; that is mutmut's time limit to judge.
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutants")


def pytest_sessionstart() -> None:
    """Leave what was inherited out of collections: each mutant is a fork, and would copy every page that it visits."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that took the least time."""
    if STATS.exists():
        seconds = json.loads(STATS.read_text(encoding="utf-8")).get("duration_by_test", {})
        items.sort(key=lambda item: float(seconds.get(item.nodeid, 0.0)))
