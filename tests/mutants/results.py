"""What mutmut found, mutant by mutant."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutants.listed import Mutant

DEAD: Final = {"killed", "timeout", "segfault", "caught by type check"}
"""A mutant that never ends, or kills its process, was noticed."""
NOT_RUN: Final = {"not checked", "check was interrupted by user", "skipped"}


def found(tree: Path) -> Iterator[tuple[str, str, Callable[[], Mutant]]]:
    """Each mutant of the files that mutmut broke: its file, its fate (dead, alive or not run), and how to read it.

    It must be called in `tree`, the folder in which mutmut ran: mutmut reads by relative path.
    """
    for meta in sorted((tree / "mutants" / "workflows").rglob("*.py.meta")):
        path = meta.relative_to(tree / "mutants").with_suffix("")
        data = SourceFileMutationData(path=path)
        data.load()
        for name, code in data.exit_code_by_key.items():
            fate = status_by_exit_code[code]
            told = "dead" if fate in DEAD else "not run" if fate in NOT_RUN else "alive"
            yield path.as_posix(), told, partial(_mutant, path, name)  # reading takes long, and the dead need none


def _mutant(path: Path, name: str) -> Mutant:
    function, of = orig_function_and_class_names_from_key(name)
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]

    def side(sign: str) -> str:
        return " ".join(line[1:].strip() for line in lines if line.startswith(sign))

    return Mutant(path.as_posix(), f"{of}.{function}" if of else function, side("-"), side("+"))


def forget_survivors(tree: Path) -> None:
    """Have mutmut run again what did not die; what died stays dead while its function is unchanged."""
    for meta in (tree / "mutants" / "workflows").rglob("*.py.meta"):
        data = SourceFileMutationData(path=meta.relative_to(tree / "mutants").with_suffix(""))
        data.load()
        for name, code in data.exit_code_by_key.items():
            if status_by_exit_code[code] not in DEAD:
                data.exit_code_by_key[name] = None
        data.save()
