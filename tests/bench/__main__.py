"""``python -m tests.bench``: measure, print the table, write ``build/bench.json``; 1 where a bar is missed.

Everything runs on one machine at once: load, service, database and peers share its processors, so only ratios taken in
one run mean anything. What is compared is measured in turn, round by round, and the median of the rounds counts.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tests.bench import bars, checking, engine, intake, queues, timers, wire
from tests.bench.place import ROOT, Place

RESULT: Final = Path(os.environ.get("ANTIFRAUD_BENCH_RESULT") or ROOT / "build" / "bench.json")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    jobs: int
    slow_jobs: int
    starts: int
    wire_seconds: float
    due: int
    pending: int
    store_due: int
    load: int


SIZES: Final = {
    "usual": Size(3, 4.0, 10_000, 500, 80, 6.0, 5_000, 100_000, 1_000, 20_000),
    "full": Size(5, 10.0, 20_000, 2_000, 200, 30.0, 5_000, 100_000, 5_000, 100_000),
    # To see that all of it works, in seconds: its figures mean nothing.
    "smoke": Size(1, 1.0, 120, 20, 5, 1.0, 20, 200, 20, 200),
}


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="usual")
    parser.add_argument(
        "--only", nargs="*", default=None, help="parts: intake queues starts wire hung fire engine check"
    )
    asked = parser.parse_args()
    size = SIZES[asked.size]
    began = time.monotonic()
    found: dict[str, Any] = {}
    with Place.opened() as place:
        for name, measure in _parts(place, size).items():
            if asked.only is None or name in asked.only:
                say(f"{time.monotonic() - began:5.0f} s  {name}")
                found |= measure()
    lines = bars.judge(found)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    document = {"size": asked.size, "machine": machine(), "seconds": time.monotonic() - began, "bars": lines}
    RESULT.write_text(json.dumps({**document, "found": found}, indent=1) + "\n", encoding="utf-8")
    say(bars.table(lines))
    say(f"{time.monotonic() - began:.0f} s on {machine()}; all figures: {RESULT}")
    missed = [line["name"] for line in lines if not line["reached"]]
    if asked.size == "smoke":
        return 0
    return 1 if missed else 0


def _parts(place: Place, size: Size) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return the parts of the benchmark in their order; without the peers, what needs none."""
    rounds = range(size.rounds)
    has_peers = find_spec("pgqueuer") is not None and find_spec("procrastinate") is not None
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "intake": lambda: {"intake": intake.measure(place, rounds=size.rounds, seconds=size.seconds)},
        "wire": lambda: {"wire": [wire.idle(place, seconds=size.wire_seconds) for _ in rounds]},
        "hung": lambda: {"hung": [wire.hung(place, seconds=size.wire_seconds)]},
        "fire": lambda: _timers(place, size),
        "engine": lambda: {"engine": engine.measure(seconds=size.seconds)},
        "check": lambda: {"check": checking.measure(most=1 if size is SIZES["smoke"] else None)},
    }
    if has_peers:
        parts["queues"] = lambda: {
            "queues": queues.drained(place, rounds=size.rounds, jobs=size.jobs, slow_jobs=size.slow_jobs)
        }
        parts["starts"] = lambda: {"starts": queues.started(place, rounds=size.rounds, jobs=size.starts)}
    else:
        say("the group `bench` is not installed: nothing to compare the queue with")
    return parts


def _timers(place: Place, size: Size) -> dict[str, Any]:
    found: dict[str, list[Any]] = {"store": [], "fire": [], "load": []}
    instant = timers.filled(place, due=size.due, pending=size.pending)
    for _ in range(size.rounds):
        found["store"].append(timers.store(place, due=size.store_due, idle=size.pending - size.store_due))
        found["fire"].append(timers.fire(place, instant, due=size.due, pending=size.pending))
        found["load"].append(timers.load(place, number=size.load))
    return dict(found)


def machine() -> str:
    """Return the class of the machine in plain words."""
    return f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
