"""Our own queue on its own, for comparison with others: a script that prints one JSON line.

`drain` claims and records until nothing is left, by the calls that the worker makes. `latency N` queues one message
after another while the worker's own loops wait, and tells how long each took until its sender began.
"""

import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from typing_extensions import override

from antifraud.auth.service import Centre
from antifraud.cases.messages import Mail
from antifraud.channel.dispatch import LEASE, Dispatcher, _Lane
from antifraud.foundation.settings import Settings
from antifraud.installation import Installation
from antifraud.outbox import service as outbox
from antifraud.worker import Worker
from tests.bench.place import drill_of

PAUSE: Final = 0.05
AT_ONCE: Final = 100


def drain(installation: Installation) -> dict[str, Any]:
    """Claim a batch, commit, record it as delivered, commit, until nothing is left."""
    drill, clock = drill_of(installation), installation.clock
    with installation.database.begin(drill.id) as connection:
        banks = list(connection.scalars(text("SELECT id FROM institutions WHERE is_simulated")))
    slots: dict[UUID, int] = {bank: -(-AT_ONCE // len(banks)) for bank in banks}
    began, done = time.monotonic(), 0
    while True:
        claimed = outbox.claim(installation.database, drill.id, clock.now(), slots, LEASE)
        if not claimed:
            break
        now = clock.now()
        attempt = outbox.Attempt(started_at=now, ended_at=now, result="delivered", http_status=200)
        with installation.database.begin(drill.id) as connection:
            work = installation.work(connection, drill.id, "loop:outbox")
            outbox.record(work, [outbox.Tried(claim=one, attempt=attempt) for one in claimed])
        done += len(claimed)
    return {"jobs": done, "first": began, "last": time.monotonic()}


@dataclass
class _Stamping(Dispatcher):
    """Stamps the instant at which a sender begins, instead of sending."""

    begun: dict[UUID, float] = field(default_factory=dict)

    @override
    def _attempt(self, centre: Centre, mail: Mail, lane: _Lane, claim: outbox.Claim) -> None:
        self.begun[claim.id] = time.monotonic()


def latency(installation: Installation, number: int) -> dict[str, Any]:
    """Queue messages a pause apart, each a transaction of its own, and tell how long each waited for its sender."""
    drill = drill_of(installation)
    worker = Worker(installation)
    shipped = worker._dispatcher
    stamping = _Stamping(
        database=shipped.database,
        clock=shipped.clock,
        vault=shipped.vault,
        signer=shipped.signer,
        environment=shipped.environment,
        wake=shipped.wake,
    )
    worker._dispatcher = stamping
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    time.sleep(2.0)
    committed: dict[UUID, float] = {}
    for _ in range(number):
        with installation.database.begin(drill.id) as connection:
            work = installation.work(connection, drill.id, "source:110")
            row = connection.execute(text("SELECT * FROM outbox LIMIT 1")).one()
            message = outbox.Message(
                id=work.new_id(),
                institution_id=row.institution_id,
                case_id=row.case_id,
                request_id=row.request_id,
                kind=row.kind,
                channel="push",
                key_id=row.key_id,
                body_cipher=bytes(row.body_cipher),
                body_digest=bytes(row.body_digest),
                rank=row.rank,
            )
            outbox.queue(work, [message])
            work.write()
        committed[message.id] = time.monotonic()
        time.sleep(PAUSE)
    ends = time.monotonic() + 20
    while len(stamping.begun.keys() & committed.keys()) < number and time.monotonic() < ends:
        time.sleep(PAUSE)
    worker.stop()
    thread.join()
    return {"waits_ms": [(stamping.begun[one] - at) * 1000 for one, at in committed.items()]}


def main() -> None:
    """Do what the command line says."""
    installation = Installation.open(Settings.from_environment(os.environ), process="antifraud bench")
    told = drain(installation) if sys.argv[1] == "drain" else latency(installation, int(sys.argv[2]))
    print(json.dumps(told))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
