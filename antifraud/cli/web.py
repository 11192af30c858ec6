"""``antifraud web``: the web process, on gunicorn.

SIGTERM stops it: no new connection is taken, what is under way is answered, streams end, and whoever still has a
connection open is told to close it. SIGHUP replaces the worker processes by fresh ones that read the program again:
an old one goes only when a new one serves, so a sender sees neither a refusal nor a wait. If the new ones cannot
start, the old ones stay.
"""

import contextlib
import mmap
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from typing import Any, Final

import click
import structlog
from gunicorn import util  # type: ignore[import-untyped]  # gunicorn ships no types
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # gunicorn ships no types
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]  # gunicorn ships no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # gunicorn ships no types
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName, ParseException  # type: ignore[import-untyped]  # gunicorn ships no types
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # gunicorn ships no types
from typing_extensions import override

from antifraud.cli.surroundings import read_settings
from antifraud.foundation.json import canonical
from antifraud.foundation.logs import configure
from antifraud.foundation.problems import MEDIA_TYPE
from antifraud.foundation.settings import Settings

PROCESS: Final = "antifraud web"
BOOT_SECONDS: Final = 30.0
LOOK_EVERY_SECONDS: Final = 0.05
TELL_EVERY_SECONDS: Final = 1.0
NEXT_WITHIN_MILLISECONDS: Final = 10
# Longer than a proxy in front keeps an idle connection: then it is the proxy that closes, never we under its request.
KEEPALIVE_SECONDS: Final = 75
_OURS: Final = ("antifraud", "workflows")
_METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_ENDS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_SERVER_ERROR: Final = 500
_STATUSES: Final = {
    "LimitRequestLine": (414, "URI Too Long"),
    "LimitRequestHeaders": (431, "Request Header Fields Too Large"),
    "ExpectationFailed": (417, "Expectation Failed"),
    "UnsupportedTransferCoding": (501, "Not Implemented"),
}
# One byte that the workers share with their master: 1 once the service stops, so that a worker that must end knows
# whether another has taken its place.
_stops = mmap.mmap(-1, 1)

log = structlog.get_logger()


class _Log(Logger):  # type: ignore[misc]  # of an untyped base
    """The server's own words, as lines of ours; never a message of an exception, which may quote what was sent."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - of an untyped base
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: str, *_: object, **__: object) -> None:
        log.error("server_failed", what=msg.partition("%")[0].strip(), **_place(sys.exc_info()[1]))


class _Worker(ThreadWorker):  # type: ignore[misc]  # of an untyped base
    """One process that serves; it tells the application when its end begins, and when it is over."""

    lifetime: Any = None
    _told_at: float = -TELL_EVERY_SECONDS

    def notify(self) -> None:
        """Tell the master that this process lives: not at each of the three turns that the main loop takes a request.

        Each writes to a file, which at 50 requests a second was a twentieth of what a request costs.
        """
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_SECONDS:
            self._told_at = now
            super().notify()

    def load_wsgi(self) -> None:
        # The application's own class of a fresh program: this module may be of an older one.
        super().load_wsgi()
        self.lifetime = self.wsgi.extensions["lifetime"]

    def handle(self, conn: Any) -> Any:  # noqa: ANN401 - of an untyped base
        """Serve a connection; a request that follows at once is served by the same thread.

        A sender of many reports sends the next as soon as it has its answer.
        The way through the main loop and back would cost two changes of
        thread: a fifth of all that a report takes of this process's time.
        """
        is_kept = super().handle(conn)
        while is_kept is True and self.alive and not self._somebody_waits() and _is_next_there(conn):
            is_kept = super().handle(conn)
        return is_kept

    def _somebody_waits(self) -> bool:
        """Return whether more connections have a request than there are threads: then each is served in its turn."""
        return bool(self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns) > self.cfg.threads)

    def handle_exit(self, sig: int, frame: object) -> None:
        if self.lifetime is None:
            sys.exit(0)  # nothing was served yet: reading the program to its end would only keep the master waiting
        super().handle_exit(sig, frame)
        # On the main loop, not inside the signal: whatever it does may take locks.
        self.method_queue.defer(self._begin_end)

    def is_parent_alive(self) -> bool:
        is_alive = bool(super().is_parent_alive())
        if not is_alive:
            self._begin_end()
        return is_alive

    def _begin_end(self) -> None:
        is_replaced = _stops[0] == 0 and self.ppid == os.getppid()
        self.lifetime.end(replaced=is_replaced)
        if not is_replaced:
            self._close_the_door()

    def _close_the_door(self) -> None:
        """Take whoever has connected already, and refuse all others at once.

        Left open and not looked at, the port would let them wait in vain and then reset them.
        """
        self.set_accept_enabled(False)
        for listener in self.sockets:
            for _ in range(self.cfg.backlog):
                before = self.nr_conns
                self.accept(listener)
                if self.nr_conns == before:
                    break
            listener.close()

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's signature
        """Answer what is no HTTP, or failed outside the application; the log gets neither address nor what was sent."""
        if isinstance(exc, ParseException) and not isinstance(exc, (InvalidResponseHeader, InvalidResponseHeaderName)):
            status, reason = _STATUSES.get(type(exc).__name__, (400, "Bad Request"))
            log.warning("request_unreadable", kind=type(exc).__name__, status=status)
            detail = "this is not a request that can be read: see RFC 9112"
        else:
            status, reason = _SERVER_ERROR, "Internal Server Error"
            log.error("request_failed", **_place(exc))
            detail = "the service failed; send it again"
        body = canonical({"type": "about:blank", "title": reason, "status": status, "detail": detail})
        head = (
            f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: {MEDIA_TYPE}\r\n"
            f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            util.write_nonblock(client, head.encode("ascii") + body)


class _Master(Arbiter):  # type: ignore[misc]  # of an untyped base
    """The process that holds the port, and starts, replaces and ends those that serve."""

    def manage_workers(self) -> None:
        """Let surplus workers go: at a reload, when those that take their place serve."""
        if len(self.WORKERS) > self.num_workers:
            self._wait_for_the_new()
        super().manage_workers()

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature
        _stops[0] = 1
        super().stop(graceful)

    def _wait_for_the_new(self) -> None:
        later = []
        for _ in range(int(BOOT_SECONDS / LOOK_EVERY_SECONDS)):
            booting = {pid: worker for pid, worker in self.WORKERS.items() if not _serves(worker)}
            for pid, worker in booting.items():
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    # Not through reap_workers(), which would end the whole service over it.
                    del self.WORKERS[pid]
                    worker.tmp.close()
                    self.cfg.child_exit(self, worker)
                    log.error("reload_failed", said="the new process did not start; the old one goes on serving")
            if not booting:
                break
            later += [number for number in self.wait_for_signals(LOOK_EVERY_SECONDS) if number != signal.SIGCHLD]
            for number in later:
                if number in _ENDS:
                    getattr(self, f"handle_{self.SIG_NAMES[number]}")()  # leaves by an exception, as from the main loop
        for number in later:
            self.SIG_QUEUE.put_nowait(number)


class _Server(BaseApplication):  # type: ignore[misc]  # of an untyped base
    """gunicorn with our settings instead of its own command line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Threads, because a request mostly waits; our own access log, because gunicorn's holds addresses."""
        settings = self._settings
        for name, value in {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.web_processes,
            "worker_class": _Worker,
            "logger_class": _Log,
            "threads": settings.web_threads,
            "worker_connections": 1000 + settings.web_threads,
            # Before the supervisor's own patience is over.
            "graceful_timeout": max(1, settings.stop_seconds - 4),
            "timeout": 60,
            "keepalive": KEEPALIVE_SECONDS,
            "proc_name": PROCESS,
            "accesslog": None,
            "loglevel": "warning",
            "control_socket_disable": True,
            "pre_fork": _pre_fork,
            "post_fork": _post_fork,
            "worker_exit": _worker_exit,
            "child_exit": _child_exit,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        """Build the application in the worker, after the fork: pools and keys are not shared."""
        from antifraud.app import application  # noqa: PLC0415 - after the fork

        return application()

    @override
    def run(self) -> None:
        _Master(self).run()


def _is_next_there(conn: Any) -> bool:  # noqa: ANN401 - of an untyped library
    """Return whether the connection's next request has come, or comes within a moment."""
    if conn.parser.unreader.buf.getvalue():
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(NEXT_WITHIN_MILLISECONDS))


def _pre_fork(_: object, worker: Any) -> None:  # noqa: ANN401 - of an untyped library
    worker.made_at = worker.tmp.last_update()


def _serves(worker: Any) -> bool:  # noqa: ANN401 - of an untyped library
    """Return whether the worker has begun to serve: only then it gives its first sign of life."""
    return bool(worker.tmp.last_update() != worker.made_at)


def _post_fork(_: object, __: object) -> None:
    """Forget what the master had imported of the program: the worker reads all of it as it is now."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]


def _worker_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - of an untyped library
    if getattr(worker, "lifetime", None) is not None:
        worker.lifetime.over()


def _child_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - of an untyped library
    """Take what a dead process showed out of the sums; what it counted stays in them."""
    if _METRICS_FOLDER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - reads the folder's name

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library's own signature has no types


def _place(error: BaseException | None) -> dict[str, object]:
    if error is None:
        return {}
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"kind": type(error).__qualname__, "frames": frames}


def _share_metrics(settings: Settings) -> None:
    """Have several processes count in one folder, emptied at each start; set before anything counts."""
    folder = settings.home / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[_METRICS_FOLDER] = str(folder)


@click.command()
def command() -> None:
    """Serve the console, reports, banks' answers and figures over HTTP; SIGHUP reloads, SIGTERM stops."""
    settings = read_settings()
    configure(PROCESS)
    os.environ.pop(_METRICS_FOLDER, None)
    if settings.web_processes > 1:
        _share_metrics(settings)
    pid = settings.home / "web.pid"
    pid.write_text(f"{os.getpid()}\n", encoding="ascii")
    master = os.getpid()
    try:
        _Server(settings).run()
    finally:
        # The workers leave by this road too.
        if os.getpid() == master:
            pid.unlink(missing_ok=True)
