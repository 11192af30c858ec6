"""The installation's own keys: files that only we can read, made once at the first start.

Losing `master` or `index` loses the personal data; losing `signing` means that
every bank must be told a new key. Back them up apart from the database.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BYTES = 32
_KINDS = ("master", "index", "session", "signing", "seal")
_VERSION = 1


class KeysMissing(Exception):
    """The folder of keys is incomplete: it must be restored, never silently made anew."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """All keys of one installation, each for one purpose, apart from each other."""

    masters: dict[int, bytes]
    index: bytes
    session: bytes
    signing: Ed25519PrivateKey
    seal: Ed25519PrivateKey

    @property
    def master_version(self) -> int:
        """Return the version under which new data keys are wrapped."""
        return max(self.masters)

    @property
    def signing_key_id(self) -> str:
        """Return the name under which banks know our signing key."""
        return f"centre-{fingerprint(self.signing)}"

    @property
    def seal_key_id(self) -> str:
        """Return the name of the key that signs the heads of the log."""
        return f"seal-{fingerprint(self.seal)}"

    @classmethod
    def create(cls, folder: Path) -> bool:
        """Make the keys if the folder holds none; return whether they were made.

        Raises:
            KeysMissing: Some are there and some are not.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        missing = [kind for kind in _KINDS if not path_of(folder, kind, _VERSION).exists()]
        if not missing:
            return False
        if len(missing) < len(_KINDS):
            message = f"{folder} lacks {', '.join(missing)}: restore it from its backup; new keys cannot read old data"
            raise KeysMissing(message)
        for kind in _KINDS:
            descriptor = os.open(path_of(folder, kind, _VERSION), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_BYTES))
                file.flush()
                os.fsync(file.fileno())
        return True

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the keys.

        Raises:
            KeysMissing: A file is absent or not of the right length.
        """
        found: dict[str, bytes] = {}
        for kind in _KINDS:
            path = path_of(folder, kind, _VERSION)
            value = path.read_bytes() if path.exists() else b""
            if len(value) != _BYTES:
                message = f"{path} is missing or damaged: run the set-up, or restore the folder from its backup"
                raise KeysMissing(message)
            found[kind] = value
        masters = {_VERSION: found["master"]}
        for path in folder.glob("master.*.key"):
            masters[int(path.name.split(".")[1])] = path.read_bytes()
        return cls(
            masters=masters,
            index=found["index"],
            session=found["session"],
            signing=Ed25519PrivateKey.from_private_bytes(found["signing"]),
            seal=Ed25519PrivateKey.from_private_bytes(found["seal"]),
        )


def path_of(folder: Path, kind: str, version: int) -> Path:
    """Return where the key of ``kind`` lies."""
    return folder / f"{kind}.{version}.key"


def fingerprint(key: Ed25519PrivateKey) -> str:
    """Return sixteen hex digits that name the key's public half."""
    return key.public_key().public_bytes_raw().hex()[:16]
