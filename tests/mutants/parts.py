"""The parts of the pure core that are broken line by line, and the tests that must notice."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Part:
    """What is broken, which tests must go red, and how long that may take."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    minutes: float
    left_out: tuple[str, ...] = ()


_CORE: Final = "tests/workflows"

PARTS: Final = {
    "money": Part(
        sources=("workflows/money/*",),
        tests=tuple(f"{_CORE}/test_money_{name}.py" for name in ("conservation", "hops", "tracing")),
        minutes=20,
    ),
    "clocks": Part(
        sources=("workflows/clocks/*", "workflows/calendars/*"),
        tests=(
            f"{_CORE}/test_calendars.py",
            *(f"{_CORE}/test_clocks{name}.py" for name in ("", "_boxes", "_days", "_pauses", "_words", "_zones")),
        ),
        minutes=30,
    ),
    "language": Part(
        sources=("workflows/language/*",),
        tests=tuple(
            f"{_CORE}/test_{name}.py"
            for name in (
                "conditions",
                "definition",
                "duties",
                "house",
                "lanes",
                "limits",
                "outcomes",
                "reference",
                "schema",
                "schemes",
                "terms",
            )
        ),
        minutes=60,
    ),
    "engine": Part(
        sources=("workflows/engine/*",),
        # Not these: each runs most of the engine for seconds, and a survivor pays for every test that reaches it.
        tests=(_CORE,),
        left_out=(
            f"{_CORE}/checking",
            f"{_CORE}/test_clock_properties.py",
            f"{_CORE}/test_properties.py",
            f"{_CORE}/test_codec.py",
        ),
        minutes=120,
    ),
}
