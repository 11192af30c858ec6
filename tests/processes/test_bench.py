"""The benchmark works: what it measures is asserted by `make bench` alone, on a quiet machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import bars
from tests.bench.limit import _value

ROOT = Path(__file__).parents[2]


@pytest.mark.processes
def test_the_benchmark_measures_intake_and_the_wire_and_judges_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--size", "smoke", "--only", "intake", "wire"],
        cwd=ROOT,
        env={**os.environ, "ANTIFRAUD_BENCH_RESULT": str(tmp_path / "bench.json")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert {line["name"] for line in told["bars"]} == {"B1", "B2", "B3", "B7a", "B7b"}
    assert all(line["value"] > 0 for line in told["bars"])
    assert told["found"]["wire"][0]["started"] == told["found"]["wire"][0]["sends"] > 0


def test_a_bar_is_reached_on_its_own_side_only() -> None:
    lowest, highest = (next(bar for bar in bars.BARS if bar.at_least is side) for side in (True, False))
    assert [lowest.is_reached(lowest.reach + step) for step in (-0.01, 0, 0.01)] == [False, True, True]
    assert [highest.is_reached(highest.reach + step) for step in (-0.01, 0, 0.01)] == [True, True, False]


def test_the_quantiles_of_waits_are_those_of_each_round_and_the_median_of_the_rounds() -> None:
    found = {"starts": {"own": [[4.0, 1.0, 2.0], [9.0, 8.0, 7.0], [3.0, 3.0, 3.0]], "other": [[4.0]] * 3}}
    assert bars.wait(found, "own", 0.5) == 3.0
    assert bars.wait(found, "own", 0.99) == 4.0


def test_a_literal_of_the_limits_script_holds_no_colon_that_would_be_taken_for_a_variable() -> None:
    assert _value("at", None, "2026-11-24 14:00:00+00", "timestamptz", ()) == (
        r"E'2026-11-24 14\x3a00\x3a00+00'::timestamptz"
    )
    assert _value("payload", None, r"""{"a": "it's \\ here"}""", "jsonb", ()) == (
        r"""E'{"a"\x3a "it''s \\\\ here"}'::jsonb"""
    )
