"""``python -m tests.mutants``: break the pure core line by line; 1 where a test should have gone red and did not.

mutmut makes the mutants and runs the tests that reach each of them, in a copy of the tree under ``build/mutants``. Each
survivor must stand in ``tests/mutants/survivors.toml`` with the reason why it may live, and nothing else stands there.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Final

from tests.mutants import results
from tests.mutants.listed import LIST, Mutant, listed
from tests.mutants.parts import PARTS, Part

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "mutants"
COPIED: Final = ("workflows", "antifraud", "migrations", "tests", "docs")
PATIENCE: Final = 60.0
"""Seconds that mutmut has to write down its results once it is told to stop."""


def main() -> int:
    """Run the parts that are asked for, print what lives, and say whether the list is right."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument("--again", action="store_true", help="only what lived, was not run, or was changed since")
    parser.add_argument("--minutes", type=float, help="the time limit of each part, instead of its own")
    parser.add_argument("--show", action="store_true", help="run nothing, print the last results")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    reasons = listed(LIST.read_text(encoding="utf-8"))
    wrong = False
    rows = [["part", "mutants", "dead", "alive", "listed", "unlisted", "listed, not alive", "not run", "minutes"]]
    for name in asked.parts or PARTS:
        began = time.monotonic()
        if not asked.show:
            _run(name, PARTS[name], asked.minutes or PARTS[name].minutes, again=asked.again)
        figures, right = _judge(name, reasons)
        wrong = wrong or not right
        rows.append([name, *map(str, figures), f"{(time.monotonic() - began) / 60:.0f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))  # noqa: T201 - a command's output
    return 1 if wrong else 0


def _run(name: str, part: Part, minutes: float, *, again: bool) -> None:
    """Have mutmut break `part` for at most `minutes`; what it did not come to is told as not run."""
    tree = BUILD / name
    if not again:
        shutil.rmtree(tree, ignore_errors=True)
    for folder in COPIED:
        _mirror(ROOT / folder, tree / folder)
    (tree / "pyproject.toml").write_text(_configuration(part), encoding="utf-8")
    if again and (tree / "mutants").exists():
        with chdir(tree):
            results.forget_survivors(tree)
        for path in (tree / "mutants" / "workflows").rglob("*.toml"):
            path.unlink()  # mutmut copies only what is not there
        # Which test reaches what is asked again: a test that was there before may reach more by now.
        (tree / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    inherited = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    # These two walk through all that pytest has in memory when it ends: half of what a mutant costs.
    inherited["PYTEST_ADDOPTS"] = "-p no:unraisableexception -p no:threadexception"
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", "1"]
    running = subprocess.Popen(command, cwd=tree, env=inherited, start_new_session=True)
    try:
        ended = running.wait(minutes * 60)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGINT)
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        print(f"\n{name}: stopped after {minutes:g} minutes")  # noqa: T201 - a command's output
        return
    if ended:
        raise SystemExit(f"{name}: mutmut ended with {ended}")


def _mirror(source: Path, target: Path) -> None:
    """Copy what changed, and take away what is gone; a time stamp tells mutmut what it must break again."""
    kept = {path.relative_to(source) for path in source.rglob("*") if _counts(path)}
    for path in list(target.rglob("*")):
        if path.is_file() and path.relative_to(target) not in kept:
            path.unlink()
    for name in kept:
        old, new = target / name, source / name
        if not old.exists() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, old)


def _counts(path: Path) -> bool:
    return path.is_file() and not {"__pycache__", "node_modules", "screenshots"} & set(path.parts)


def _configuration(part: Part) -> str:
    """The project's own settings for pytest, and what mutmut is to do."""
    arguments = [
        "-p",
        "tests.mutants.plugin",
        "-p",
        "no:cacheprovider",
        *(f"--ignore={path}" for path in part.left_out),
    ]
    also = [folder for folder in COPIED if folder not in {"workflows", "tests"}]
    return "\n".join(
        (
            (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
            "[tool.mutmut]",
            'source_paths = ["workflows"]',
            f"only_mutate = {list(part.sources)}",
            f"also_copy = {also}",
            f"pytest_add_cli_args = {arguments}",
            f"pytest_add_cli_args_test_selection = {list(part.tests)}",
            # A mutant may take this many times as long as its tests take, and a second.
            "timeout_multiplier = 5.0",
            "use_git_change_detection = false",
            "",
        )
    )


def _judge(name: str, reasons: dict[Mutant, str]) -> tuple[tuple[int, ...], bool]:
    """Print what lives without a reason and what has a reason and is dead; the part's row, and whether all is right."""
    tree = BUILD / name
    with chdir(tree):
        fates = list(results.found(tree))
        count = Counter(fate for _, fate, _ in fates)
        files = {file for file, _, _ in fates}
        alive = [read() for _, fate, read in fates if fate == "alive"]
        listed_files = {mutant.file for mutant in reasons}
        pending = {read() for file, fate, read in fates if fate == "not run" and file in listed_files}
    unlisted = sorted(set(alive) - reasons.keys())
    stale = sorted(mutant for mutant in reasons if mutant.file in files and mutant not in pending.union(alive))
    for title, mutants in (("lives, and is not listed", unlisted), ("is listed, and does not live", stale)):
        for mutant in mutants:
            print(f"{title}: {mutant.file} {mutant.function}\n  - {mutant.was}\n  + {mutant.now}")  # noqa: T201 - a command's output
    known = sum(mutant in reasons for mutant in alive)
    figures = (len(fates), count["dead"], count["alive"], known, count["alive"] - known, len(stale), count["not run"])
    return figures, not unlisted and not stale


if __name__ == "__main__":
    sys.exit(main())
