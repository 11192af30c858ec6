"""A module that outgrew itself becomes a folder before it becomes a swamp."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 600
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "manager", "misc"}
MODULES = sorted(path for folder in ("antifraud", "workflows") for path in (ROOT / folder).rglob("*.py"))


def test_there_are_modules_to_measure() -> None:
    assert len(MODULES) > 10


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_too_long_or_named_after_nothing(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert module.stem not in FORBIDDEN_NAMES
    assert module.parent.name not in FORBIDDEN_NAMES


def test_no_lock_names_a_host() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) == 6
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text
