"""As whom PostgreSQL runs: as ourselves, or, since it refuses to run as root, as an unprivileged user."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OWN_USER: Final = "antifraud-db"
# Debian's own account for it comes before making one.
KNOWN_USERS: Final = (OWN_USER, "postgres")


class NoUnprivilegedUser(Exception):
    """PostgreSQL refuses to run as root, and no other account could be found or made."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group of PostgreSQL's process and files; ``foreign`` when they are not our own."""

    uid: int
    gid: int
    name: str
    foreign: bool

    def can_enter(self, path: Path) -> bool:
        """Return whether this account can reach ``path`` through every folder above it, and look into it."""
        if not self.foreign:
            return path.exists()
        test = subprocess.run(
            ["/usr/bin/test", "-r", str(path), "-a", "-x", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return test.returncode == 0

    def own(self, path: Path, mode: int = 0o700) -> None:
        """Give ``path`` to this account alone."""
        if self.foreign:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)


def choose_account(existing: Path) -> Account:
    """Return the account for PostgreSQL.

    As root: whoever owns ``existing``, the files of an earlier start, so that root and that user may take turns; else
    an account of the machine's that is meant for it; else a new one.

    Raises:
        NoUnprivilegedUser: We are root, and ``useradd`` is missing or failed.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()), foreign=False)
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, str(owner.st_uid), foreign=True)
    for name in KNOWN_USERS:
        try:
            return _foreign(name)
        except KeyError:
            continue
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd is not None:
        made = subprocess.run(
            [
                useradd,
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                OWN_USER,
            ],
            capture_output=True,
            check=False,
        )
        if made.returncode == 0:
            return _foreign(OWN_USER)
    message = (
        f"PostgreSQL does not run as root, and the account {OWN_USER} for it could not be made; "
        "start as an ordinary user, or set DATABASE_URL to a PostgreSQL that is already there"
    )
    raise NoUnprivilegedUser(message)


def _foreign(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid, name, foreign=True)
