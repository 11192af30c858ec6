"""Answers that did not fit into a response: sent until the centre has confirmed them, signed, in 2xx."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from antifraud.channel.signatures import RequestFacts, SignatureRefused, Verifier, tag_for
from antifraud.foundation.http import LOOPBACK, Ambiguous, Limits, NotSent, Sender
from antifraud.simulator.faults import IN_CALLBACK, Faults
from antifraud.simulator.world import Callback, World

_LOG: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 0.2
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 10.0
_AT_ONCE: Final = 4


class Callbacks:
    """The thread that looks what is due, and the few that deliver."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Prepare; nothing runs before ``start``."""
        self._world = world
        self._faults = faults
        self._sender = Sender(
            limits=Limits(connect_seconds=2, read_seconds=10, total_seconds=15), allowed_networks=LOOPBACK
        )
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._tries: dict[str, tuple[int, float]] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="callback")
        self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)

    def start(self) -> None:
        """Begin to look for due answers."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not confirmed is sent again after the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._pool.shutdown(cancel_futures=True)
        self._sender.close()

    def deliver(self, callback: Callback) -> bool:
        """Send once and return whether the centre confirmed it; a repeat has the same message id and a new nonce."""
        bank = self._world.config.banks[callback.bank]
        headers = {"Content-Type": "application/json", "Idempotency-Key": callback.message_id}
        try:
            prepared = self._sender.prepare(callback.url, callback.body, headers)
            bank.signer.sign_request(prepared, now=self._world.clock.now())
            received = self._sender.send(prepared)
        except (NotSent, Ambiguous) as trouble:
            _LOG.info("callback %s: %s", callback.message_id, trouble.reason)
            return False
        if not 200 <= received.status < 300:  # noqa: PLR2004 - the class of success
            _LOG.info("callback %s: status %s", callback.message_id, received.status)
            return False
        try:
            Verifier().verify_response(
                received.status,
                received.headers,
                received.body,
                request=RequestFacts.of(prepared),
                keys=self._world.config.centre_keys.get,
                now=self._world.clock.now(),
                expected_tag=tag_for(self._world.config.environment),
            )
        except SignatureRefused as refused:
            _LOG.info("callback %s: the confirmation is not believed (%s)", callback.message_id, refused.reason)
            return False
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for callback in self._world.tick():
                    self._submit(callback)
                until = self._world.next_due_at()
            except Exception:  # noqa: BLE001 - the loop's edge: whatever it is, the next round tries again
                _LOG.exception("the simulated banks could not look for due answers")
                until = None
            self._wake.clear()
            if not self._stop.is_set():
                self._world.clock.wait(self._wake, until, _LOOK_SECONDS)

    def _submit(self, callback: Callback) -> None:
        name = callback.bank + callback.message_id
        with self._lock:
            _, not_before = self._tries.get(name, (0, 0.0))
            if name in self._under_way or time.monotonic() < not_before:
                return
            self._under_way.add(name)
        self._pool.submit(self._deliver_and_note, name, callback)

    def _deliver_and_note(self, name: str, callback: Callback) -> None:
        try:
            twin = None
            if self._faults.take(callback.bank, IN_CALLBACK):
                twin = threading.Thread(target=self.deliver, args=(callback,))
                twin.start()
            is_confirmed = self.deliver(callback)
            if twin is not None:
                twin.join()
            if is_confirmed:
                self._world.confirm(callback)
        except Exception:  # noqa: BLE001 - the loop's edge: it is tried again
            _LOG.exception("callback %s", callback.message_id)
            is_confirmed = False
        with self._lock:
            self._under_way.discard(name)
            tries = self._tries.pop(name, (0, 0.0))[0] + 1
            if not is_confirmed:
                pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(tries, 10))
                self._tries[name] = (tries, time.monotonic() + pause)
        self._wake.set()
