"""What ``antifraud run`` does, from the first lock to the last process stopped."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from types import FrameType
from typing import Final

from antifraud.foundation.settings import Settings, application_url, remembered_url_path
from antifraud.supervisor.account import NoUnprivilegedUser
from antifraud.supervisor.children import COMMAND_LINE, Child, end_process_group
from antifraud.supervisor.credentials import secret_file, write_secret
from antifraud.supervisor.installation import PostgresError
from antifraud.supervisor.lock import AlreadyRunning, HomeLock
from antifraud.supervisor.postgres import EmbeddedPostgres

EXIT_FAILED: Final = 1
EXIT_ALREADY_RUNNING: Final = 3
EXIT_PORT_TAKEN: Final = 4
DEATHS_AT_START: Final = 4
READY_SECONDS: Final = 90.0
PORT_SECONDS: Final = 5.0
TICK_SECONDS: Final = 0.2
DATABASE_STOP_SECONDS: Final = 3.0
_DATABASE_VARIABLES: Final = ("DATABASE_URL", "ANTIFRAUD_APP_DATABASE_URL")
Say = Callable[[str], None]


class CannotStart(Exception):
    """The service cannot run as it is; the message says what to mend."""

    def __init__(self, message: str, code: int = EXIT_FAILED) -> None:
        """Keep the exit code beside the sentence."""
        super().__init__(message)
        self.code = code


class _Stopped(Exception):
    """A person asked to stop while we were still starting."""


def run(settings: Settings, *, say: Say, environ: Mapping[str, str]) -> int:
    """Start everything, look after it until SIGINT or SIGTERM, stop everything, and return the exit code.

    A second signal kills what has not stopped yet.
    """
    return _guarded(settings, say, lambda stop: _serve(settings, say, environ, stop))


def prepare(settings: Settings, *, say: Say, environ: Mapping[str, str]) -> int:
    """Do the set-up of the first start alone (database, tables, keys), and return the exit code."""

    def do(stop: Event) -> None:
        with _database(settings, environ, say) as for_children:
            _run_set_up(for_children, stop)

    return _guarded(settings, say, do)


def _guarded(settings: Settings, say: Say, do: Callable[[Event], None]) -> int:
    stop = Event()
    try:
        with _signals(stop), _alone(settings):
            do(stop)
    except _Stopped:
        say("stopped")
    except CannotStart as error:
        say(f"antifraud: {error}")
        return error.code
    except (PostgresError, NoUnprivilegedUser) as error:
        say(f"antifraud: {error}")
        return EXIT_FAILED
    return 0


def _serve(settings: Settings, say: Say, environ: Mapping[str, str], stop: Event) -> None:
    _require_free_ports(settings, stop)
    say(f"starting; data, keys and logs are in {settings.home}")
    postgres = None if settings.database_url and not _is_remembered(environ) else EmbeddedPostgres(settings.home)
    with _database(settings, environ, say, postgres) as for_children:
        _run_set_up(for_children, stop)
        children = _children(settings, for_children)
        try:
            for child in children:
                child.start()
            _wait_until_ready(settings, children, say, stop)
            say(
                f"antifraud is ready at {settings.public_url} (process {os.getpid()}, {settings.environment}, "
                f"clock {settings.clock}); Ctrl-C stops it"
            )
            while not stop.wait(TICK_SECONDS):
                if postgres is not None and not postgres.is_running:
                    say(f"PostgreSQL ended; starting it again, its log is {postgres.log_path}")
                    postgres.start()
                _look_after(children, say)
            say("stopping")
        finally:
            _stop(children, settings)
    say("stopped")


def _children(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    names = [
        ("web", "web"),
        *((_numbered("worker", n), "worker") for n in range(1, settings.workers + 1)),
        ("auditor", "auditor"),
    ]
    if settings.environment != "production":
        names.append(("simulator", "simulator"))
    return [Child(name, command, environ, settings.logs_path / f"{name}.log") for name, command in names]


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _look_after(children: list[Child], say: Say) -> None:
    for child in children:
        for line in child.new_warnings():
            say(f"{child.name}: {line}")
        happened = child.look_after()
        if happened:
            say(happened)


def _stop(children: list[Child], settings: Settings) -> None:
    for child in children:
        child.ask_to_stop()
    ends = time.monotonic() + max(1.0, settings.stop_seconds - DATABASE_STOP_SECONDS)
    for child in children:
        child.end(ends - time.monotonic())


def _wait_until_ready(settings: Settings, children: list[Child], say: Say, stop: Event) -> None:
    ends = time.monotonic() + READY_SECONDS
    while not _is_ready(settings):
        if stop.wait(TICK_SECONDS):
            raise _Stopped
        _look_after(children, say)
        for child in children:
            if child.deaths >= DEATHS_AT_START:
                message = f"{child.name} does not start; {child.log_path} ends with: {child.last_words()}"
                raise CannotStart(message)
        if time.monotonic() > ends:
            message = f"the service did not become ready in {READY_SECONDS:.0f} s; its logs are in {settings.logs_path}"
            raise CannotStart(message)


def _is_ready(settings: Settings) -> bool:
    address = _reachable(settings.host)
    connection = http.client.HTTPConnection(address, settings.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with, not bound to


@contextlib.contextmanager
def _database(
    settings: Settings,
    environ: Mapping[str, str],
    say: Say,
    postgres: EmbeddedPostgres | None = None,
) -> Iterator[dict[str, str]]:
    """Give the environment that the children need to reach the database, embedded or not."""
    for_children = {
        name: value
        for name, value in environ.items()
        if name not in {f"{variable}_FILE" for variable in _DATABASE_VARIABLES}
    }
    for_children["ANTIFRAUD_HOME"] = str(settings.home)
    for folder in (settings.home, settings.keys_path, settings.logs_path):
        folder.mkdir(parents=True, exist_ok=True)
    settings.keys_path.chmod(0o700)
    if settings.database_url and not _is_remembered(environ):
        password = secret_file(settings.keys_path / "app-database-password")
        application = settings.app_database_url or application_url(settings.database_url, password)
        yield for_children | dict(zip(_DATABASE_VARIABLES, (settings.database_url, application), strict=True))
        return
    server = postgres or EmbeddedPostgres(settings.home)
    try:
        say("starting PostgreSQL")
        server.start()
        urls = dict(zip(_DATABASE_VARIABLES, (server.url, server.app_url), strict=True))
        for name, url in urls.items():
            write_secret(remembered_url_path(settings.home, name), url)
        yield for_children | urls
    finally:
        for name in _DATABASE_VARIABLES:
            remembered_url_path(settings.home, name).unlink(missing_ok=True)
        server.stop()


def _is_remembered(environ: Mapping[str, str]) -> bool:
    """Return whether the settings' database is only what an earlier run with an embedded one left behind."""
    return not any(environ.get(name) or environ.get(f"{name}_FILE") for name in _DATABASE_VARIABLES)


def _run_set_up(environ: Mapping[str, str], stop: Event) -> None:
    """Run ``antifraud db prepare``; what it prints, such as the first password, goes to our terminal."""
    process = subprocess.Popen(
        [*COMMAND_LINE, "db", "prepare"],
        stdin=subprocess.DEVNULL,
        env=dict(environ),
        start_new_session=True,
    )
    try:
        while process.poll() is None:
            if stop.wait(TICK_SECONDS / 2):
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(DATABASE_STOP_SECONDS)
                raise _Stopped
    finally:
        end_process_group(process.pid)
        process.wait()
    if process.returncode != 0:
        message = f"the set-up of the database failed (antifraud db prepare, exit code {process.returncode})"
        raise CannotStart(message)


def _require_free_ports(settings: Settings, stop: Event) -> None:
    """Refuse to start on a taken port, after giving the processes of a killed copy a moment to go."""
    ends = time.monotonic() + PORT_SECONDS
    wanted = {settings.port: (settings.host, "the service")}
    if settings.environment != "production":
        wanted[settings.simulator_port] = ("127.0.0.1", "the simulated institutions")
    for port, (host, whose) in wanted.items():
        while not _is_free(host, port):
            if time.monotonic() > ends:
                message = f"port {port} for {whose} is taken; choose another with ANTIFRAUD_PORT"
                raise CannotStart(message, EXIT_PORT_TAKEN)
            if stop.wait(TICK_SECONDS):
                raise _Stopped


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    try:
        lock = HomeLock(settings.home)
    except AlreadyRunning as error:
        raise CannotStart(str(error), EXIT_ALREADY_RUNNING) from error
    except OSError as error:
        message = f"{settings.home} cannot be used: {error.strerror}; choose another place with ANTIFRAUD_HOME"
        raise CannotStart(message) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _signals(stop: Event) -> Iterator[None]:
    def asked(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
        if stop.is_set() and number == signal.SIGINT:
            # A second Ctrl-C: let the kernel end the children with us.
            os.kill(os.getpid(), signal.SIGKILL)
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
