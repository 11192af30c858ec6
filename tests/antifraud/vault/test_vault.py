"""Ciphertexts open only where they were sealed; look-ups differ by column; the keys are files of ours alone."""

import stat
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.intake.models import reports as report_table
from antifraud.vault.keyring import KeyRing, KeysMissing
from antifraud.vault.service import DataKey, KeyDestroyed, Vault
from tests.factories.cases import Story


@pytest.fixture
def key() -> DataKey:
    return DataKey(uuid4(), bytes(range(32)))


def test_a_ciphertext_opens_where_it_was_sealed(key: DataKey) -> None:
    row = uuid4()
    assert key.open("reports", "raw", row, key.seal("reports", "raw", row, b"plain")) == b"plain"


@pytest.mark.parametrize("moved", ["another row", "another column", "another table", "another key", "altered"])
def test_a_ciphertext_that_was_moved_or_altered_does_not_open(key: DataKey, moved: str) -> None:
    row = uuid4()
    cipher = key.seal("reports", "raw", row, b"plain")
    attempt = {
        "another row": (key, "reports", "raw", uuid4(), cipher),
        "another column": (key, "reports", "answer", row, cipher),
        "another table": (key, "replies", "raw", row, cipher),
        "another key": (DataKey(key.id, bytes(32)), "reports", "raw", row, cipher),
        "altered": (key, "reports", "raw", row, cipher[:-1] + bytes([cipher[-1] ^ 1])),
    }[moved]
    with pytest.raises(InvalidTag):
        attempt[0].open(*attempt[1:])


def test_the_same_plain_text_is_never_the_same_ciphertext(key: DataKey) -> None:
    row = uuid4()
    assert key.seal("reports", "raw", row, b"plain") != key.seal("reports", "raw", row, b"plain")


def test_a_stored_report_moved_to_another_row_does_not_open(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(installation, drill, clock, source_ref="a")
    Story(installation, drill, clock, source_ref="b")
    with installation.database.begin(drill.id) as connection:
        first, second = connection.execute(select(report_table)).all()
        key = installation.vault.key(connection, first.key_id)
        assert b"source_ref" in key.open("reports", "raw", first.id, bytes(first.raw_cipher))
        with pytest.raises(InvalidTag):
            key.open("reports", "raw", second.id, bytes(first.raw_cipher))


def test_a_look_up_hash_differs_by_column_and_by_installation(installation: Installation, tmp_path: Path) -> None:
    vault = installation.vault
    assert vault.blind("parties.phone", "13800138000") == vault.blind("parties.phone", "13800138000")
    assert vault.blind("parties.phone", "13800138000") != vault.blind("parties.document", "13800138000")
    KeyRing.create(tmp_path / "others")
    other = Vault(KeyRing.open(tmp_path / "others"))
    assert vault.blind("parties.phone", "13800138000") != other.blind("parties.phone", "13800138000")


def test_a_name_is_found_by_two_neighbouring_characters_or_initials(installation: Installation) -> None:
    vault = installation.vault
    whole = set(vault.grams("parties.name", "王小明"))
    assert set(vault.grams("parties.name", "小明")) <= whole
    assert set(vault.grams("parties.name", "王明")).isdisjoint(vault.grams("parties.name", "李四"))
    assert whole.isdisjoint(vault.grams("accounts.holder", "王小明"))


def test_the_keys_are_files_that_only_we_can_read(installation: Installation) -> None:
    folder = installation.settings.keys_path
    files = [path for path in folder.iterdir() if path.is_file()]
    assert len(files) >= 5
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == {"0o400"}


def test_keys_are_never_made_anew_beside_others(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert KeyRing.create(folder)
    assert not KeyRing.create(folder)
    next(path for path in sorted(folder.iterdir()) if "index" in path.name).unlink()
    with pytest.raises(KeysMissing):
        KeyRing.create(folder)
    with pytest.raises(KeysMissing):
        KeyRing.open(folder)


def test_what_lay_under_a_destroyed_key_cannot_be_read_again(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(installation, drill, clock)
    with installation.database.begin(drill.id) as connection:
        row = connection.execute(select(report_table)).one()
        installation.vault.destroy(connection, row.key_id, clock.now())
        assert connection.scalar(text("SELECT wrapped FROM data_keys WHERE id = :id"), {"id": row.key_id}) is None
        assert installation.vault.load(connection, [row.key_id]) == {}
        with pytest.raises(KeyDestroyed):
            installation.vault.key(connection, row.key_id)
