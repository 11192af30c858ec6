"""Hints to open pages: one listener per process, one stream per page, nothing but ids in it.

A page that hears a hint asks for what it shows; one that missed it finds the
same by asking every few seconds. So a stream may break at any time.
"""

import json
import queue
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from flask import Blueprint, Flask, Response, request, stream_with_context
from sqlalchemy.engine import make_url

from antifraud.changes import CHANNEL
from antifraud.console.frame import machine, sessions
from antifraud.console.frame.page import Console, me, needs
from antifraud.console.frame.shown import iso

EXTENSION: Final = "antifraud_live"
BEAT_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.5
SPARE_THREADS: Final = 32
"""So many threads of the server are never given to streams, or ordinary pages would starve."""
QUEUED: Final = 256
REMEMBERED: Final = 5000
RETRY_MS: Final = 2000
_RECONNECT_SECONDS: Final = 1.0
_RELOAD: Final = ("reload", "")
log = structlog.get_logger(__name__)
_hubs: weakref.WeakSet["Hub"] = weakref.WeakSet()
_Hint = tuple[str, str]


def register(app: Flask, console: Console) -> None:
    """Add the stream; nothing listens before the first page asks, so that a server may fork before."""
    hub = Hub(console)
    app.extensions[EXTENSION] = hub
    routes = Blueprint("live", __name__)

    @routes.get("/live")
    @needs("machine.see")
    def stream() -> Response:
        """Send hints of this person's centre until the page closes, the session ends or the server stops."""
        subscription = hub.subscribe(me().centre_id)
        if subscription is None:
            return Response(status=503, headers={"Retry-After": str(int(BEAT_SECONDS))})
        response = Response(stream_with_context(_told(hub, subscription)), mimetype="text/event-stream")
        response.call_on_close(lambda: hub.leave(subscription))
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    @routes.get("/pulse")
    @needs("machine.see")
    def pulse() -> dict[str, Any]:
        """Tell once what the stream tells all the time; with ``since``, how much a page missed."""
        person = me()
        told = hub.beat(person.centre_id)
        since = _instant(request.args.get("since"))
        if since is not None:
            told["changed"] = hub.changed_since(person.centre_id, since)
        return told

    app.register_blueprint(routes)


def stop() -> None:
    """End every stream of this process within half a second: the server is stopping."""
    for hub in list(_hubs):
        hub.stop()


def stop_when(is_over: Callable[[], bool]) -> None:
    """End the streams of this process as soon as ``is_over`` says so; asked twice a second."""
    for hub in list(_hubs):
        hub.is_over = is_over


class Subscription:
    """One open page: the hints that it has not read yet."""

    def __init__(self, centre_id: UUID) -> None:
        """Take the centre whose changes it may hear of."""
        self.centre_id = centre_id
        self.hints: queue.Queue[_Hint] = queue.Queue(QUEUED)
        self.has_lost = False


class Hub:
    """Hears what changed and tells every open page of the same centre."""

    def __init__(self, console: Console) -> None:
        """Prepare; `subscribe` starts the listener."""
        settings = console.installation.settings
        self.clock = console.installation.clock
        self.watch = machine.Watch(console.installation)
        self.limit = max(1, settings.web_threads - SPARE_THREADS)
        self.check_seconds = CHECK_SECONDS
        self.is_over: Callable[[], bool] = lambda: False
        self._conninfo = (
            make_url(settings.app_database_url or "").set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[Subscription] = set()
        self._thread: threading.Thread | None = None
        self._heard: deque[tuple[datetime, str, str]] = deque(maxlen=REMEMBERED)
        self._complete_since: datetime | None = None
        _hubs.add(self)

    def subscribe(self, centre_id: UUID) -> Subscription | None:
        """Open a stream's queue; None where the server has too many streams already, or stops."""
        with self._lock:
            if len(self._open) >= self.limit or self.is_stopping():
                return None
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._listen, name=f"listen-{CHANNEL}", daemon=True)
                self._thread.start()
            subscription = Subscription(centre_id)
            self._open.add(subscription)
            return subscription

    def leave(self, subscription: Subscription) -> None:
        """Close a stream's queue; closing it twice does no harm."""
        with self._lock:
            self._open.discard(subscription)

    def streams(self) -> int:
        """Return how many streams are open."""
        with self._lock:
            return len(self._open)

    def stop(self) -> None:
        """End every stream, and listen no more."""
        self._stopped.set()

    def is_stopping(self) -> bool:
        """Tell whether the streams must end."""
        return self._stopped.is_set() or self.is_over()

    def beat(self, centre_id: UUID) -> dict[str, Any]:
        """Return the sign of life: the instant, how fast it runs, and the state of the machinery."""
        return {
            "now": iso(self.clock.now()),
            "rate": self.clock.rate(),
            "machine": machine.spoken(self.watch.of(centre_id)),
        }

    def changed_since(self, centre_id: UUID, since: datetime) -> int | None:
        """Return how many things of the centre changed after an instant; None where this process was not listening."""
        with self._lock:
            if self._complete_since is None or since < self._complete_since:
                return None
            return len({ident for at, centre, ident in self._heard if at > since and centre == str(centre_id)})

    def _listen(self) -> None:
        while not self.is_stopping():
            try:
                with psycopg.connect(
                    self._conninfo, autocommit=True, connect_timeout=5, application_name="antifraud live"
                ) as connection:
                    connection.execute(f"LISTEN {CHANNEL}".encode())
                    with self._lock:
                        self._heard.clear()
                        self._complete_since = self.clock.now()
                    self._tell_all(_RELOAD)  # whatever changed while nobody listened
                    while not self.is_stopping():
                        for notice in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                            self._hear(notice.payload)
            except psycopg.Error as error:
                with self._lock:
                    self._complete_since = None
                log.warning("listen_lost", channel=CHANNEL, error=type(error).__name__)
                self._stopped.wait(_RECONNECT_SECONDS)

    def _hear(self, payload: str) -> None:
        centre_id, _, rest = payload.partition(" ")
        kind, _, ident = rest.partition(" ")
        with self._lock:
            if len(self._heard) == REMEMBERED:
                self._complete_since = self._heard[0][0]
            self._heard.append((self.clock.now(), centre_id, ident))
            concerned = [one for one in self._open if str(one.centre_id) == centre_id]
        for subscription in concerned:
            _put(subscription, (kind, ident))

    def _tell_all(self, hint: _Hint) -> None:
        with self._lock:
            everybody = list(self._open)
        for subscription in everybody:
            _put(subscription, hint)


def _put(subscription: Subscription, hint: _Hint) -> None:
    try:
        subscription.hints.put_nowait(hint)
    except queue.Full:
        # A page that reads so slowly asks for everything again instead.
        subscription.has_lost = True


def _told(hub: Hub, subscription: Subscription) -> Iterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    next_beat, next_check = 0.0, time.monotonic() + hub.check_seconds
    try:
        while not hub.is_stopping():
            present = time.monotonic()
            if present >= next_check:
                if not sessions.still_open():
                    yield _event("signed-out", {})
                    return
                next_check = present + hub.check_seconds
            if present >= next_beat:
                yield _event("beat", hub.beat(subscription.centre_id))
                next_beat = time.monotonic() + BEAT_SECONDS
            if subscription.has_lost:
                subscription.has_lost = False
                yield _event(_RELOAD[0], {})
            wait = min(LOOK_SECONDS, max(0.01, next_beat - time.monotonic()))
            try:
                kind, ident = subscription.hints.get(timeout=wait)
            except queue.Empty:
                continue
            yield _event(kind, {"id": ident} if ident else {})
    finally:
        hub.leave(subscription)


def _instant(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
