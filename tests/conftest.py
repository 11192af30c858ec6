"""Fixtures that several capabilities need: a real PostgreSQL, an installation in it, and a clock that a test moves.

One server serves the whole run, whatever the number of test processes. A
template database is prepared once by the product's own set-up; `installation`
is a fresh copy of it, so that locks, commits and several connections are real.

Where there is memory to spare, what tests write lies in it: a copy of the
database is 300 small files, and takes a tenth of the time there.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from antifraud.auth.service import Centre
from antifraud.cases import definitions
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import Database
from antifraud.foundation.settings import Settings
from antifraud.founding import DEFINITION, prepare
from antifraud.installation import Installation
from antifraud.supervisor.postgres import EmbeddedPostgres
from antifraud.vault.keyring import KeyRing
from antifraud.vault.service import Vault
from tests.factories.databases import database_of_its_own

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
"""A Tuesday, 22:00 in the centre's zone; ISO week 2026-W48."""
SERVER = "ANTIFRAUD_TESTS_SERVER"
# Read by the product, so a test run must not inherit them from whoever started it.
for name in [name for name in os.environ if name.startswith("ANTIFRAUD_") and name != SERVER] + ["DATABASE_URL"]:
    os.environ.pop(name, None)

MEMORY = Path("/dev/shm")
NEEDED = 6 * 2**30
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= NEEDED:
    available = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    if available and int(available[1]) * 1024 >= NEEDED:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


class _Server:
    """The run's PostgreSQL: started by the first process that needs it, or by the controller of several."""

    postgres: EmbeddedPostgres | None = None
    home: Path | None = None

    @classmethod
    def start(cls) -> None:
        cls.home = Path(tempfile.mkdtemp(prefix="antifraud-tests-"))
        cls.postgres = EmbeddedPostgres(cls.home)
        owner_url = cls.postgres.start()
        os.environ[SERVER] = json.dumps({"home": str(cls.home), "owner": owner_url, "app": cls.postgres.app_url})

    @classmethod
    def stop(cls) -> None:
        if cls.postgres is not None and cls.home is not None:
            cls.postgres.destroy()
            shutil.rmtree(cls.home, ignore_errors=True)
            os.environ.pop(SERVER, None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server in the controller, before its test processes inherit the environment."""
    if getattr(session.config.option, "numprocesses", None) and not hasattr(session.config, "workerinput"):
        _Server.start()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the server where it was started."""
    if not hasattr(session.config, "workerinput"):
        _Server.stop()


@pytest.fixture(scope="session")
def server() -> dict[str, str]:
    """The addresses of the run's PostgreSQL: `owner` and `app`, both to the template database."""
    if SERVER not in os.environ:
        _Server.start()
    found: dict[str, str] = json.loads(os.environ[SERVER])
    return found


@pytest.fixture(scope="session")
def template(server: dict[str, str]) -> Settings:
    """Settings of an installation that was prepared once for the whole run; its database is only copied."""
    home = Path(server["home"])
    settings = Settings(
        home=home,
        environment="test",
        database_url=server["owner"],
        app_database_url=server["app"],
        public_url="http://127.0.0.1:8000",
    )
    with (home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "template.done").exists():
            prepare(settings, FrozenClock(NOW), lambda _: None)
            (home / "template.done").touch()
    return settings


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at `NOW` until the test moves it."""
    return FrozenClock(NOW)


@pytest.fixture
def database_settings(template: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a database of the test's own, with a home of its own that holds the template's keys and tokens."""
    with database_of_its_own(template, tmp_path) as settings:
        yield settings


@pytest.fixture
def installation(database_settings: Settings, clock: FrozenClock) -> Iterator[Installation]:
    """An installation on a database of its own, with the test's clock."""
    database = Database(database_settings.app_database_url or "", pool_size=12, application_name="antifraud-test")
    yield Installation(
        settings=database_settings,
        clock=clock,
        database=database,
        vault=Vault(KeyRing.open(database_settings.keys_path)),
    )
    database.close()


@pytest.fixture
def drill(installation: Installation) -> Centre:
    """The drill centre, whose institutions are the simulated ones."""
    return next(centre for centre in installation.centres() if centre.code == "drill")


@pytest.fixture
def live(installation: Installation) -> Centre:
    """The live centre, its scheme approved by a named person; its institutions have no channel yet."""
    centre = next(centre for centre in installation.centres() if centre.code == "centre")
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "user:approver")
        chosen = definitions.stored(connection, *DEFINITION)
        definitions.put_in_force(work, chosen, approver="approver")
    return centre
