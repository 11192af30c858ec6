"""Sends what waits in the outbox: a bulkhead per institution, every attempt recorded, no transaction over the network.

One attempt: claim (commit), sign and call, record (commit), and what the
response says (commit). Killed in between, the lease ends and the same bytes
leave again under the same key.
"""

import ipaddress
import random
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection

from antifraud.auth.service import Centre
from antifraud.banks.queries import PushChannel, push_channels, usable_key
from antifraud.cases.messages import Mail
from antifraud.channel.recording import Call, Recorder
from antifraud.channel.replies import apply_reply
from antifraud.channel.signatures import (
    RequestFacts,
    SignatureRefused,
    Signer,
    Verified,
    Verifier,
    VerifyKey,
    tag_for,
)
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, retrying
from antifraud.foundation.http import Ambiguous, Limits, NotSent, Received, Sender
from antifraud.foundation.seams import seam
from antifraud.outbox import service as outbox
from antifraud.vault.service import Vault
from antifraud.work import Work

LEASE = timedelta(seconds=30)
"""Longer than the total time limit of one call, so that a living sender never loses its claim."""
LOOK_AROUND_EVERY = timedelta(seconds=1)
"""How often it looks for what dead senders left, and which channels there are: a new message waits for neither."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 300
STOP_GRACE_SECONDS = 2.0
UNREADABLE_PAUSE = timedelta(minutes=5)
"""Until a message that we cannot read ourselves is looked at again: only a restored key can mend it."""
ACTOR = "loop:outbox"

_SECONDS: Final = re.compile("[0-9]{1,9}", re.ASCII)

log = structlog.get_logger()


def pause(attempt: int, retry_after: str | None, jitter: Callable[[], float] = random.random) -> timedelta:
    """Return how long to wait after failed attempt number ``attempt``: doubling, capped, with jitter.

    An institution's `Retry-After` in seconds is honoured up to a cap: the
    request has a clock of its own, and a person is told when it runs out.
    At least the first pause is kept, whatever an institution says.
    """
    if retry_after is not None and (found := _SECONDS.fullmatch(retry_after.strip())):
        seconds = min(int(found[0]), LONGEST_RETRY_AFTER_SECONDS)
        return timedelta(seconds=max(seconds, FIRST_PAUSE_SECONDS))
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10))
    return timedelta(seconds=longest * (0.5 + jitter() / 2))


class _Unreadable(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class _Lane:
    """One institution's own threads and connections: when it hangs, only they hang."""

    channel: PushChannel
    pool: ThreadPoolExecutor
    sender: Sender
    busy: int = 0
    is_failing: bool = False

    @property
    def free(self) -> int:
        """Return how many messages may be claimed now; a failing institution is probed by one at a time."""
        return max(0, (1 if self.is_failing else self.channel.connections) - self.busy)


@dataclass(frozen=True, slots=True)
class _Around:
    """What was seen at the last look around."""

    at: datetime
    lanes: dict[UUID, _Lane]
    reclaimed: int


@dataclass
class Dispatcher:
    """The senders of one worker process."""

    database: Database
    clock: Clock
    vault: Vault
    signer: Signer
    environment: str
    wake: Event
    limits: Limits = field(default_factory=Limits)
    _lanes: dict[tuple[UUID, str, tuple[str, ...]], _Lane] = field(default_factory=dict)
    _around: dict[UUID, _Around] = field(default_factory=dict)
    _recorders: dict[UUID, Recorder] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _verifier: Verifier = field(default_factory=Verifier)

    def run_once(self, centre: Centre, mail: Mail) -> int:
        """Claim what is due and has a free slot, hand it to the senders, and return how much was claimed."""
        now, found = self.clock.now(), 0
        known = self._around.get(centre.id)
        if known is None or not timedelta() <= now - known.at < 2 * LOOK_AROUND_EVERY:
            known = self._look_around(centre)
        found = self._claim(centre, mail, known.lanes)
        if now - known.at >= LOOK_AROUND_EVERY:
            # Behind the claim, so that no message waits for it; a second look finds what it has freed.
            found += self._look_around(centre).reclaimed
        return found

    def _claim(self, centre: Centre, mail: Mail, lanes: dict[UUID, _Lane]) -> int:
        with self._lock:
            free = {institution_id: lane.free for institution_id, lane in lanes.items()}
        # A lease is about real seconds: where the clock runs fast it is longer.
        lease = LEASE * max(1.0, self.clock.rate())
        claimed = outbox.claim(self.database, centre.id, self.clock.now(), free, lease)
        # Only what was committed is ours: a claim that failed must not fill a slot for ever.
        with self._lock:
            for institution_id, count in Counter(claim.institution_id for claim in claimed).items():
                lanes[institution_id].busy += count
        seam("outbox.claimed")
        for claim in claimed:
            lanes[claim.institution_id].pool.submit(self._send, centre, mail, lanes[claim.institution_id], claim)
        return len(claimed)

    def _look_around(self, centre: Centre) -> _Around:
        """Put back what dead senders left, and read the channels again: about once a second.

        A lease is far longer than two seconds, the most that may lie between
        the look and a claim. A channel that was retired since is as one whose
        call had begun just before.
        """
        with self.database.begin(centre.id) as connection:
            work = self._work(connection, centre)
            reclaimed = outbox.reclaim(work)
            lanes = {channel.institution_id: self._lane(channel) for channel in push_channels(connection)}
            known = self._around[centre.id] = _Around(work.now(), lanes, reclaimed)
        return known

    @property
    def under_way(self) -> int:
        """Return how many messages are claimed and not yet recorded."""
        with self._lock:
            return sum(lane.busy for lane in self._lanes.values())

    def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Give the calls under way a moment, then cut them: each is recorded, and goes out again without a lease."""
        ends = monotonic() + grace_seconds
        while True:
            self.wake.clear()
            left = ends - monotonic()
            if left <= 0 or not self.under_way:
                break
            self.wake.wait(left)
        for lane in self._lanes.values():
            lane.sender.cut()
            lane.pool.shutdown(wait=True)
            lane.sender.close()

    def _lane(self, channel: PushChannel) -> _Lane:
        key = (channel.institution_id, channel.url, channel.allowed_networks)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(
                channel=channel,
                pool=ThreadPoolExecutor(channel.connections, thread_name_prefix=f"send-{channel.institution_code}"),
                sender=Sender(
                    limits=self.limits,
                    allowed_networks=[ipaddress.ip_network(text) for text in channel.allowed_networks],
                ),
            )
        return lane

    def _send(self, centre: Centre, mail: Mail, lane: _Lane, claim: outbox.Claim) -> None:
        try:
            self._attempt(centre, mail, lane, claim)
        except Exception:
            # The claim stays; its lease ends, and the message is tried again.
            log.exception("attempt_failed", outbox_id=str(claim.id), institution=lane.channel.institution_code)
        finally:
            with self._lock:
                lane.busy -= 1
            self.wake.set()

    def _attempt(self, centre: Centre, mail: Mail, lane: _Lane, claim: outbox.Claim) -> None:
        call = self._call(centre, lane, claim)
        seam("outbox.sent")
        attempt = call.attempt
        if not call.is_ours:
            lane.is_failing = attempt.result != "delivered"
        retry_after = call.received.headers.get("Retry-After") if call.received else None
        wait = UNREADABLE_PAUSE if call.is_ours else pause(claim.attempt, retry_after)
        tried = outbox.Tried(claim=claim, attempt=attempt, retry_at=attempt.ended_at + wait)
        reply_id = self._recorder(centre, mail).record(tried, call)
        seam("outbox.recorded")
        log.info(
            "attempt",
            outbox_id=str(claim.id),
            institution=lane.channel.institution_code,
            attempt=claim.attempt,
            result=attempt.result,
            reason=attempt.reason,
            status=attempt.http_status,
        )
        if reply_id is not None:
            retrying(partial(self._apply, centre, mail, reply_id))

    def _call(self, centre: Centre, lane: _Lane, claim: outbox.Claim) -> Call:
        began = self.clock.now()
        started: list[datetime] = []

        def ended(result: str, reason: str | None, received: Received | None, verified: Verified | None) -> Call:
            attempt = outbox.Attempt(
                started_at=started[0] if started else began,
                ended_at=self.clock.now(),
                result=result,
                http_status=received.status if received else None,
                reason=reason,
            )
            return Call(attempt, received, verified)

        try:
            body = self._body(claim)
        except _Unreadable as unreadable:
            log.error("message_unreadable", outbox_id=str(claim.id), reason=unreadable.reason)  # noqa: TRY400 - a reason, no trace
            return replace(ended("not_sent", unreadable.reason, None, None), is_ours=True)
        try:
            prepared = lane.sender.prepare(
                lane.channel.url, body, {"Content-Type": "application/json", "Idempotency-Key": str(claim.id)}
            )
            self.signer.sign_request(prepared, now=self.clock.now())
            received = lane.sender.send(prepared, on_first_byte=lambda: started.append(self.clock.now()))
        except NotSent as error:
            return ended("not_sent", error.reason, None, None)
        except Ambiguous as error:
            return ended("ambiguous", error.reason, None, None)
        if not 200 <= received.status < 300:  # noqa: PLR2004 - the class of success
            return ended("refused", "status", received, None)
        try:
            verified = self._verifier.verify_response(
                received.status,
                received.headers,
                received.body,
                request=RequestFacts.of(prepared),
                keys=partial(self._key, centre, claim.institution_id),
                now=self.clock.now(),
                expected_tag=tag_for(self.environment),
            )
        except SignatureRefused as refused:
            return ended("refused", refused.reason, received, None)
        return ended("delivered", None, received, verified)

    def _body(self, claim: outbox.Claim) -> bytes:
        if claim.wrapped is None:
            raise _Unreadable("key_destroyed")
        try:
            key = self.vault.unwrap(claim.key_id, claim.wrapped, claim.master_version)
            return key.open("outbox", "body", claim.id, claim.body_cipher)
        except (InvalidTag, LookupError, ValueError):
            raise _Unreadable("unreadable") from None

    def _key(self, centre: Centre, institution_id: UUID, key_id: str) -> VerifyKey | None:
        with self.database.begin(centre.id) as connection:
            found = usable_key(connection, key_id, self.clock.now())
        if found is None or found.institution_id != institution_id:
            return None
        return VerifyKey.from_text(found.key_id, found.algorithm, found.public_key)

    def _recorder(self, centre: Centre, mail: Mail) -> Recorder:
        with self._lock:
            known = self._recorders.get(centre.id)
            if known is None:
                known = self._recorders[centre.id] = Recorder(
                    database=self.database, work=partial(self._work, centre=centre), centre_id=centre.id, mail=mail
                )
            return known

    def _apply(self, centre: Centre, mail: Mail, reply_id: UUID) -> None:
        with self.database.begin(centre.id) as connection:
            apply_reply(self._work(connection, centre), mail, reply_id)

    def _work(self, connection: Connection, centre: Centre) -> Work:
        return Work(connection=connection, clock=self.clock, centre_id=centre.id, actor=ACTOR, vault=self.vault)
