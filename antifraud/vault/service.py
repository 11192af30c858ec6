"""Seal and open personal data, and look it up without reading it."""

import hmac
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, insert, select, update

from antifraud.vault.keyring import KeyRing
from antifraud.vault.models import data_keys

_FORMAT = b"\x01"
_NONCE_BYTES = 12


class KeyDestroyed(Exception):
    """The data under this key was forgotten on purpose; nothing can bring it back."""


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """One unwrapped data key; everything it seals is bound to table, column and row."""

    id: UUID
    secret: bytes

    def seal(self, table: str, column: str, row_id: UUID, plain: bytes) -> bytes:
        """Return the ciphertext of ``plain``; it opens only under the same table, column and row id."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + AESGCM(self.secret).encrypt(nonce, plain, _aad(table, column, row_id))

    def open(self, table: str, column: str, row_id: UUID, cipher: bytes) -> bytes:
        """Return the plain bytes.

        Raises:
            cryptography.exceptions.InvalidTag: Altered, or moved from another row or column.
        """
        return AESGCM(self.secret).decrypt(
            cipher[1 : 1 + _NONCE_BYTES], cipher[1 + _NONCE_BYTES :], _aad(table, column, row_id)
        )


class Vault:
    """The process's way to data keys; the directory keys (one a centre) are kept unwrapped."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys
        self._directories: dict[UUID, DataKey] = {}

    def create(self, connection: Connection, centre_id: UUID, kind: str, key_id: UUID, at: datetime) -> DataKey:
        """Make a data key and store it wrapped, in the caller's transaction."""
        key, row = self.make(centre_id, kind, key_id, at)
        connection.execute(insert(data_keys), row)
        return key

    def make(self, centre_id: UUID, kind: str, key_id: UUID, at: datetime) -> tuple[DataKey, dict[str, Any]]:
        """Make a data key; the caller must insert the row that is returned with it, or nothing sealed can be read."""
        key = DataKey(key_id, AESGCM.generate_key(256))
        version = self.keys.master_version
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = nonce + AESGCM(self.keys.masters[version]).encrypt(
            nonce, key.secret, _aad("data_keys", "wrapped", key_id)
        )
        return key, {
            "id": key_id,
            "centre_id": centre_id,
            "kind": kind,
            "wrapped": wrapped,
            "master_version": version,
            "created_at": at,
        }

    def load(self, connection: Connection, key_ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """Return the data keys that still exist, by id; destroyed ones are left out."""
        wanted = set(key_ids)
        found = {key.id: key for key in self._directories.values() if key.id in wanted}
        rest = wanted - found.keys()
        if rest:
            rows = connection.execute(
                select(data_keys.c.id, data_keys.c.wrapped, data_keys.c.master_version).where(data_keys.c.id.in_(rest))
            )
            found |= {row.id: self.unwrap(row.id, row.wrapped, row.master_version) for row in rows if row.wrapped}
        return found

    def key(self, connection: Connection, key_id: UUID) -> DataKey:
        """Return one data key.

        Raises:
            KeyDestroyed: It was destroyed.
        """
        try:
            return self.load(connection, [key_id])[key_id]
        except KeyError:
            message = f"data key {key_id} was destroyed"
            raise KeyDestroyed(message) from None

    def unwrap(self, key_id: UUID, wrapped: bytes, master_version: int) -> DataKey:
        """Return the key from its stored form (for readers that joined it to their own row)."""
        secret = AESGCM(self.keys.masters[master_version]).decrypt(
            wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _aad("data_keys", "wrapped", key_id)
        )
        return DataKey(key_id, secret)

    def directory(self, connection: Connection, centre_id: UUID) -> DataKey:
        """Return the centre's key for account numbers and holders' names (made by the set-up)."""
        known = self._directories.get(centre_id)
        if known is None:
            row = connection.execute(
                select(data_keys.c.id, data_keys.c.wrapped, data_keys.c.master_version).where(
                    data_keys.c.centre_id == centre_id, data_keys.c.kind == "directory"
                )
            ).one()
            known = self._directories[centre_id] = self.unwrap(row.id, row.wrapped, row.master_version)
        return known

    def destroy(self, connection: Connection, key_id: UUID, at: datetime) -> None:
        """Forget everything under the key; it cannot be undone."""
        connection.execute(update(data_keys).where(data_keys.c.id == key_id).values(wrapped=None, destroyed_at=at))

    def blind(self, column: str, value: str) -> bytes:
        """Return the keyed hash under which ``value`` is found: HMAC-SHA-256 of column and value."""
        return hmac.digest(self.keys.index, f"{column}|{value}".encode(), "sha256")

    def grams(self, column: str, name: str | None) -> list[bytes]:
        """Return the keyed hashes of the name's bigrams and of its pinyin initials' bigrams, cut to 8 bytes.

        They let a name be found by two neighbouring characters; the price,
        stated in the ADR on encryption, is that equal bigrams are equal.
        """
        if not name:
            return []
        letters = "".join(ch for ch in unicodedata.normalize("NFKC", name).casefold() if ch.isalnum())
        initials = "".join(map(_initial, letters))
        grams = {f"n|{pair}" for pair in _pairs(letters)} | {f"p|{pair}" for pair in _pairs(initials)}
        return sorted(self.blind(column, gram)[:8] for gram in grams)


@lru_cache(maxsize=8192)
def _initial(letter: str) -> str:
    """Return the first letter of how a character is read; of one that has no reading, itself.

    Character by character: a part of a name must be found in the whole of it,
    whatever stands beside. One character is nobody's name, so it may be kept.
    """
    import pypinyin  # noqa: PLC0415 - its tables take half a second, and most processes never look a name up

    (found,) = pypinyin.pinyin(letter, style=pypinyin.Style.NORMAL)
    return found[0][:1]


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)} or {text}


def _aad(table: str, column: str, row_id: UUID) -> bytes:
    return f"{table}|{column}|{row_id}".encode()
