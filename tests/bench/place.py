"""A place for the benchmark: PostgreSQL of its own, copies of one prepared database, and real processes on them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from antifraud.auth.service import Centre
from antifraud.foundation.db import Database
from antifraud.foundation.settings import Settings
from antifraud.founding import prepare, token_path
from antifraud.installation import Installation
from antifraud.supervisor.account import choose_account
from antifraud.supervisor.installation import find_binaries
from antifraud.supervisor.postgres import SUPERUSER, EmbeddedPostgres
from antifraud.vault.keyring import KeyRing
from antifraud.vault.service import Vault
from tests.processes.procs import two_free_ports

ROOT: Final = Path(__file__).resolve().parents[2]
WEB_PROCESSES: Final = 2
WEB_THREADS: Final = 16
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0


@dataclass
class Place:
    """One server, one home with keys; `copies` of its database are made for each measure."""

    postgres: EmbeddedPostgres
    settings: Settings
    folder: Path

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Start it in a temporary folder, and take all of it away at the end."""
        folder = Path(tempfile.mkdtemp(prefix="antifraud-bench-"))
        postgres = EmbeddedPostgres(folder / "home")
        try:
            postgres.start()
            port = two_free_ports()
            settings = Settings(
                home=folder / "home",
                environment="test",
                port=port,
                public_url=f"http://127.0.0.1:{port}",
                database_url=postgres.url,
                app_database_url=postgres.app_url,
                web_processes=WEB_PROCESSES,
                web_threads=WEB_THREADS,
            )
            prepare(settings, settings.build_clock(), lambda _: None)
            place = cls(postgres, settings, folder)
            with psycopg.connect(place.dsn("antifraud"), autocommit=True) as connection:
                # One source sends all of it.
                connection.execute("UPDATE sources SET quota_per_minute = 2000000000")
            yield place
        finally:
            postgres.destroy()
            shutil.rmtree(folder, ignore_errors=True)

    def dsn(self, database: str) -> str:
        """Return where the database is, as the superuser, whom row security does not bind."""
        url = make_url(self.postgres.url).set(
            drivername="postgresql",
            username=SUPERUSER,
            password=self.postgres._password("database-superuser-password"),
            database=database,
        )
        return url.render_as_string(hide_password=False)

    def copy(self, name: str, template: str = "antifraud") -> "Copy":
        """Return a fresh copy of the prepared database, or of another one that nobody is connected to."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        urls = {
            field: make_url(getattr(self.settings, field)).set(database=name).render_as_string(hide_password=False)
            for field in ("database_url", "app_database_url")
        }
        return Copy(self, name, replace(self.settings, **urls))  # type: ignore[arg-type]  # two texts

    def empty(self, name: str) -> str:
        """Return where a new empty database is, for a peer."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.dsn(name)

    def program(self, name: str) -> str:
        """Return a program of the embedded PostgreSQL's, such as `pgbench`."""
        return str(find_binaries(choose_account(self.settings.home / "postgres")) / name)


@dataclass
class Copy:
    """One database with its installation."""

    place: Place
    name: str
    settings: Settings

    @property
    def dsn(self) -> str:
        """Return where it is, as the superuser."""
        return self.place.dsn(self.name)

    @property
    def token_file(self) -> Path:
        """Return the file with the token of the source that sends."""
        return token_path(self.settings, "drill", "110")

    @contextmanager
    def installation(self, pool_size: int = 8) -> Iterator[Installation]:
        """Open it in this process."""
        settings = self.settings
        database = Database(settings.app_database_url or "", pool_size=pool_size, application_name="antifraud bench")
        vault = Vault(KeyRing.open(settings.keys_path))
        yield Installation(settings=settings, clock=settings.build_clock(), database=database, vault=vault)
        database.close()

    def connect(self) -> psycopg.Connection[Any]:
        """Connect as the superuser."""
        return psycopg.connect(self.dsn, autocommit=True)

    @contextmanager
    def web(self, *, module: str | None = None) -> Iterator[int]:
        """Serve it by ``antifraud web``, or by a module of the benchmark that wraps it; yield the port."""
        port = two_free_ports()
        command = [sys.executable, "-m", module] if module else [sys.executable, "-m", "antifraud.cli", "web"]
        with self._process(command, port):
            _wait_for(f"http://127.0.0.1:{port}/livez")
            yield port

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Let ``antifraud worker`` work on it."""
        with self._process([sys.executable, "-m", "antifraud.cli", "worker"], self.settings.port), self.connect() as db:
            ends = time.monotonic() + READY_SECONDS
            while not db.execute("SELECT 1 FROM heartbeats WHERE process = 'worker'").fetchone():
                _look_again(ends, "the worker")
            yield

    @staticmethod
    def surroundings() -> dict[str, str]:
        """Return what every process of the benchmark is started in."""
        return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONPATH": str(ROOT)}

    def environ(self) -> dict[str, str]:
        """Return the settings as a process reads them."""
        settings = self.settings
        return {
            "DATABASE_URL": settings.database_url or "",
            "ANTIFRAUD_APP_DATABASE_URL": settings.app_database_url or "",
            "ANTIFRAUD_HOME": str(settings.home),
            "ANTIFRAUD_PORT": str(settings.port),
            "ANTIFRAUD_ENVIRONMENT": settings.environment,
            "ANTIFRAUD_CLOCK": settings.clock,
            "ANTIFRAUD_WEB_PROCESSES": str(settings.web_processes),
            "ANTIFRAUD_WEB_THREADS": str(settings.web_threads),
        }

    @contextmanager
    def _process(self, command: list[str], port: int) -> Iterator[None]:
        environ = {**self.surroundings(), **self.environ(), "ANTIFRAUD_PORT": str(port)}
        with (self.place.folder / "processes.log").open("ab") as log:
            process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log)
            try:
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def drill_of(installation: Installation) -> Centre:
    """Return the centre of the simulated banks."""
    return next(centre for centre in installation.centres() if centre.code == "drill")


def run_script(arguments: list[str], environ: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Run a script to its end and return the JSON of its last line."""
    # The product refuses settings that it does not know, such as where the benchmark's result goes.
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANTIFRAUD_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**own, "PYTHONPATH": str(ROOT), **(environ or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}"
        raise RuntimeError(message)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _wait_for(url: str) -> None:
    ends = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - loopback
                return
        except OSError:
            _look_again(ends, url)


def _look_again(ends: float, what: str) -> None:
    if time.monotonic() > ends:
        message = f"{what} did not get ready"
        raise TimeoutError(message)
    time.sleep(0.05)
