"""The committed list of the mutants that may live."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).parent / "survivors.toml"


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One broken line: where, what stood there and what stands there now; several lines are joined by a space."""

    file: str
    function: str
    was: str
    now: str


def listed(text: str) -> dict[Mutant, str]:
    """Return the mutants of a list that may live, each with its reason.

    Raises:
        ValueError: An entry has no reason, or is there twice.
    """
    reasons: dict[Mutant, str] = {}
    for entry in tomllib.loads(text).get("survivor", ()):
        if not entry["reason"].strip():
            raise ValueError(f"no reason: {entry}")
        for now in entry["now"]:
            mutant = Mutant(entry["file"], entry["function"], entry["was"], now)
            if mutant in reasons:
                raise ValueError(f"twice: {mutant}")
            reasons[mutant] = entry["reason"]
    return reasons
