"""The list of mutants that may live speaks of code that is there, and gives a reason for each."""

from pathlib import Path

import pytest

from tests.mutants.listed import LIST, Mutant, listed

ROOT = Path(__file__).parents[2]
SURVIVORS = sorted(listed(LIST.read_text(encoding="utf-8")))
ENTRY = '[[survivor]]\nfile = "f.py"\nfunction = "f"\nwas = "a < b"\nnow = ["a <= b"]\nreason = "{reason}"\n'


@pytest.mark.parametrize("mutant", SURVIVORS, ids=lambda mutant: f"{mutant.file}:{mutant.function}")
def test_a_line_that_may_be_broken_unseen_is_still_there(mutant: Mutant) -> None:
    source = " ".join((ROOT / mutant.file).read_text(encoding="utf-8").split())
    assert f"def {mutant.function.rpartition('.')[2]}(" in source
    assert " ".join(mutant.was.split()) in source
    assert mutant.was != mutant.now


def test_a_survivor_has_a_reason_and_stands_once() -> None:
    with pytest.raises(ValueError, match="no reason"):
        listed(ENTRY.format(reason=" "))
    with pytest.raises(ValueError, match="twice"):
        listed(ENTRY.format(reason="x") * 2)
    assert listed(ENTRY.format(reason="x")) == {Mutant("f.py", "f", "a < b", "a <= b"): "x"}
