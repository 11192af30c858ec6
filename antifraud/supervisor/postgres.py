"""PostgreSQL from its wheel, as a child of ours: durable, on a Unix socket only, with passwords made at first start."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg import sql

from antifraud.supervisor.account import Account, choose_account
from antifraud.supervisor.credentials import secret_file
from antifraud.supervisor.installation import PostgresError, find_binaries, outside
from antifraud.supervisor.parent import die_with_parent

DATABASE: Final = "antifraud"
SUPERUSER: Final = "postgres"
OWNER: Final = "antifraud_owner"
APPLICATION: Final = "antifraud_app"
# Of postmaster.pid, counted from 0: the folder of its socket.
SOCKET_LINE: Final = 4
START_SECONDS: Final = 60.0
# One that ends at once is tried again for so long, one that is busy recovering is waited for longer.
RETRY_SECONDS: Final = 10.0
STOP_SECONDS: Final = 8.0
# What Linux and macOS both take for the path of a socket.
SOCKET_PATH_BYTES: Final = 100

# fsync, full_page_writes and synchronous_commit stay on, as they are by default: what was acknowledged is on disk.
# The log never holds a statement's values: neither the statement that failed nor the row that was in its way.
CONFIGURATION: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "idle_in_transaction_session_timeout": "120s",
}


class EmbeddedPostgres:
    """One server with its data in ``<home>/postgres``, made at first start and kept.

    Whoever has it must be alone with ``home``: a server left over from a process that was killed is stopped first.
    """

    def __init__(self, home: Path) -> None:
        """Name the place; nothing happens before ``start``."""
        self._home = home.absolute()
        self._keys = self._home / "keys"
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._sockets: Path | None = None

    @property
    def url(self) -> str:
        """The database as its owner, for SQLAlchemy; only while the server runs."""
        return self._url(OWNER, "database-owner-password")

    @property
    def app_url(self) -> str:
        """The database as the role of the running processes, which may not change tables nor skip row security."""
        return self._url(APPLICATION, "app-database-password")

    @property
    def log_path(self) -> Path:
        """Where PostgreSQL writes what it has to say."""
        return self._home / "logs" / "postgres.log"

    def start(self) -> str:
        """Start the server, make what the first start needs, and return the owner's URL for SQLAlchemy.

        Raises:
            PostgresError: It does not start, or what lies in ``home`` is not its data.
            NoUnprivilegedUser: We are root and there is no other account for it.
        """
        self.stop()
        account = choose_account(self._home / "postgres")
        self._prepare_home()
        root = self._place(account)
        binaries = find_binaries(account)
        data = root / "data"
        _stop_left_over(data)
        if not (data / "PG_VERSION").is_file():
            self._initialise(account, binaries, data)
        self._sockets = self._socket_folder(account, root)
        self._launch(account, binaries, data)
        self._make_roles_and_database()
        return self.url

    def stop(self) -> None:
        """Stop the server, cleanly if it can within 8 s. Stopping what does not run does nothing."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)  # "fast": open transactions are rolled back
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)  # "immediate": recovers from its log at the next start
                process.wait(STOP_SECONDS)
        if self._log is not None:
            self._log.close()
            self._log = None

    def destroy(self) -> None:
        """Stop the server and remove its data: for tests."""
        self.stop()
        root = self._home / "postgres"
        if root.is_symlink():
            shutil.rmtree(root.resolve(), ignore_errors=True)
            root.unlink()
        else:
            shutil.rmtree(root, ignore_errors=True)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        """Whether the server that ``start`` started is still alive."""
        return self._process is not None and self._process.poll() is None

    def _prepare_home(self) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            # Other users may pass through (PostgreSQL's account must), never look around.
            self._home.chmod(0o711)
            for folder in (self._keys, self._home / "logs"):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            message = f"{self._home} cannot be used: {error.strerror}; choose another place with ANTIFRAUD_HOME"
            raise PostgresError(message) from error

    def _place(self, account: Account) -> Path:
        """Return the folder of data and socket: in ``home``, or linked from it when root's folders are in the way."""
        root = self._home / "postgres"
        if not root.exists():
            root.unlink(missing_ok=True)
            if account.can_enter(self._home) or _passes(account, self._home):
                root.mkdir()
            else:
                root.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=outside()))
        root = root.resolve()
        account.own(root)
        return root

    def _initialise(self, account: Account, binaries: Path, data: Path) -> None:
        if data.exists():
            shutil.rmtree(data)  # an initialisation that was interrupted: PG_VERSION is written before anything else
        handle, name = tempfile.mkstemp(dir=data.parent, prefix=".password-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(self._password("database-superuser-password"))
            account.own(Path(name), 0o600)
            made = subprocess.run(
                [
                    str(binaries / "initdb"),
                    f"--pgdata={data}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                ],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                env=_environment(),
                user=account.uid if account.foreign else None,
                group=account.gid if account.foreign else None,
                extra_groups=[] if account.foreign else None,
            )
        finally:
            Path(name).unlink(missing_ok=True)
        if made.returncode != 0:
            shutil.rmtree(data, ignore_errors=True)
            message = f"PostgreSQL could not make its data folder: {made.stderr.strip()}"
            raise PostgresError(message)

    def _launch(self, account: Account, binaries: Path, data: Path) -> None:
        settings = CONFIGURATION | {"unix_socket_directories": str(self._sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._log = self.log_path.open("ab")
        began = time.monotonic()
        while True:
            self._process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(data), *options],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for us alone: we say when it stops
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 - no thread runs before the children do
                user=account.uid if account.foreign else None,
                group=account.gid if account.foreign else None,
                extra_groups=[] if account.foreign else None,
            )
            if self._answers(began + START_SECONDS):
                return
            if self.is_running or time.monotonic() > began + RETRY_SECONDS:
                self.stop()
                message = f"PostgreSQL did not start; its log is {self.log_path}"
                raise PostgresError(message)
            # Processes of a server that was killed may hold its memory for a moment longer.
            time.sleep(0.5)

    def _answers(self, ends: float) -> bool:
        while self.is_running and time.monotonic() < ends:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def _connect(self, database: str, user: str = SUPERUSER) -> psycopg.Connection:
        name = "database-superuser-password" if user == SUPERUSER else "database-owner-password"
        return psycopg.connect(
            host=str(self._sockets),
            dbname=database,
            user=user,
            password=self._password(name),
            autocommit=True,
            connect_timeout=5,
        )

    def _make_roles_and_database(self) -> None:
        """Make what is missing; the owner makes the application's role, so that it may also change it."""
        with self._connect("postgres") as connection:
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", OWNER):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                        sql.Identifier(OWNER),
                        sql.Literal(self._password("database-owner-password")),
                    )
                )
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )
        with self._connect(DATABASE, OWNER) as connection:
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", APPLICATION):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(APPLICATION),
                        sql.Literal(self._password("app-database-password")),
                    )
                )

    def _socket_folder(self, account: Account, root: Path) -> Path:
        folder = root / "socket"
        if len(os.fsencode(folder / ".s.PGSQL.5432")) > SOCKET_PATH_BYTES:
            mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"antifraud-{account.uid}-{mark}"
        folder.mkdir(exist_ok=True)
        # In a folder that everybody may write to, somebody else may have been there first.
        if folder.is_symlink() or folder.stat().st_uid not in {
            os.geteuid(),
            account.uid,
        }:
            message = f"{folder} belongs to somebody else; remove it, or choose a shorter ANTIFRAUD_HOME"
            raise PostgresError(message)
        account.own(folder)
        return folder

    def _url(self, user: str, password_name: str) -> str:
        if self._sockets is None:
            message = "the embedded PostgreSQL was not started"
            raise PostgresError(message)
        return f"postgresql+psycopg://{user}:{self._password(password_name)}@/{DATABASE}?host={self._sockets}"

    def _password(self, name: str) -> str:
        return secret_file(self._keys / name)


def _environment() -> dict[str, str]:
    """What PostgreSQL inherits: nothing of ours, which holds secrets and PG* variables meant for clients."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _passes(account: Account, folder: Path) -> bool:
    """Return whether ``account`` may pass through ``folder`` without listing it, as through our home."""
    probe = folder / ".probe"
    probe.mkdir(exist_ok=True)
    probe.chmod(0o755)
    try:
        return account.can_enter(probe)
    finally:
        probe.rmdir()


def _is_server_on(pid: int, data: Path) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return os.fsencode(data) in arguments


def _stop_left_over(data: Path) -> None:
    """Stop the server of a supervisor that was killed, if one still runs on this data."""
    pid_file = data / "postmaster.pid"
    try:
        lines = pid_file.read_text(encoding="ascii").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if not _is_server_on(pid, data):
        if Path(f"/proc/{pid}").exists():
            # Another process has this number by now, or nobody collected the dead one, and PostgreSQL would refuse to
            # start because of it. What still uses the old one's memory it notices by that memory itself.
            pid_file.unlink(missing_ok=True)
            for left in Path(lines[SOCKET_LINE]).glob(".s.PGSQL.*") if len(lines) > SOCKET_LINE else ():
                left.unlink(missing_ok=True)
        return
    for end, seconds in (
        (signal.SIGINT, STOP_SECONDS),
        (signal.SIGQUIT, STOP_SECONDS),
        (signal.SIGKILL, 5.0),
    ):
        os.kill(pid, end)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if not _is_server_on(pid, data):
                _stop_left_over(data)  # now only what it left lying
                return
            time.sleep(0.05)
    message = f"a PostgreSQL left over from an earlier run (process {pid}) does not stop"
    raise PostgresError(message)


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(sql.SQL(query), (name,)).fetchone() is not None
