"""Both sides of the bank channel over real sockets: our application and sender, and the simulated banks."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import text, update
from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server

from antifraud.app import create_app
from antifraud.auth.service import Centre
from antifraud.banks.models import channels
from antifraud.cases.firing import fire_due
from antifraud.channel.dispatch import Dispatcher
from antifraud.channel.signatures import RequestFacts, Signer, Verifier, public_key_text, tag_for
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import retrying
from antifraud.foundation.http import LOOPBACK, Limits, Received, Sender
from antifraud.foundation.json import canonical
from antifraud.installation import Installation
from antifraud.simulator.accounts import AccountScript
from antifraud.simulator.server import SimulatorServer
from antifraud.simulator.setup import prepare
from antifraud.simulator.temper import with_luhn
from antifraud.work import Work
from tests.factories import reports

LIMITS = Limits(connect_seconds=2, read_seconds=2, total_seconds=4)
BINS = {
    "SIM-PROMPT": "999101",
    "SIM-SLOW": "999102",
    "SIM-PART": "999103",
    "SIM-HOP": "999104",
    "SIM-MUTE": "999105",
    "SIM-NO": "999106",
}
AMOUNT = 4_200_000


def number_of(bank: str, serial: int = 1) -> str:
    """Return a card number of a simulated bank."""
    return with_luhn(f"{BINS[bank]}{serial:09d}")


def wait_until(condition: Callable[[], bool], seconds: float = 8) -> None:
    """Return when the condition holds; fail when it does not in real seconds."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    """Run ``work`` in so many threads that start together; return what each gave, or raise what one raised."""
    gate = threading.Barrier(times)
    results: list[Any] = [None] * times
    raised: list[BaseException] = []

    def one(place: int) -> None:
        gate.wait()
        try:
            results[place] = work(place)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            raised.append(error)

    threads = [threading.Thread(target=one, args=(place,)) for place in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return results


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class _Quiet(WSGIRequestHandler):
    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass
class Wire:
    """A running centre and running banks that share the test's clock; the test says when a message leaves."""

    installation: Installation
    centre: Centre
    clock: FrozenClock
    dispatcher: Dispatcher = field(init=False)
    banks: SimulatorServer = field(init=False)
    sender: Sender = field(init=False)
    statuses: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Open both ports, each a free one, and tell each side the other's address."""
        settings = self.installation.settings
        keys = self.installation.vault.keys
        self._server = make_server("127.0.0.1", 0, self._count(), threaded=True, request_handler=_Quiet)
        self.installation = replace(
            self.installation,
            settings=replace(settings, public_url=f"http://127.0.0.1:{self._server.server_port}"),
        )
        self._app = create_app(self.installation)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        port = _free_port()
        found = self._prepare(f"http://127.0.0.1:{port}")
        self.banks = SimulatorServer(settings.home, self.clock, port)
        self.banks.start()
        with self.installation.database.begin(self.centre.id) as connection:
            for bank in found:
                connection.execute(
                    update(channels)
                    .where(channels.c.institution_id == self.institution(bank.code), channels.c.retired_at.is_(None))
                    .values(url=bank.url)
                )
        self.dispatcher = self.new_dispatcher()
        self.sender = Sender(limits=Limits(read_seconds=20, total_seconds=30), allowed_networks=LOOPBACK)
        self.mail = self.installation.mail(self.centre)
        self._keys = {keys.signing_key_id: Signer(keys.signing_key_id, keys.signing, "test").verify_key}

    def _prepare(self, base_url: str) -> list[Any]:
        keys = self.installation.vault.keys
        return prepare(
            self.installation.settings.home,
            centre_url=self.installation.settings.public_url,
            base_url=base_url,
            centre_keys=[{"key_id": keys.signing_key_id, "public_key": public_key_text(keys.signing.public_key())}],
            environment="test",
        )

    def _count(self) -> Callable[..., Any]:
        def counted(environ: dict[str, Any], start: Callable[..., Any]) -> Any:  # noqa: ANN401 - WSGI
            def begin(status: str, *more: Any) -> Any:  # noqa: ANN401 - WSGI
                self.statuses.append(int(status[:3]))
                return start(status, *more)

            return self._app(environ, begin)

        return counted

    def stop(self) -> None:
        """End both sides."""
        self.banks.stop()
        self.dispatcher.stop()
        self.sender.close()
        self._server.shutdown()
        self._server.server_close()

    def new_dispatcher(self) -> Dispatcher:
        """Return a sender as another worker would have it."""
        keys = self.installation.vault.keys
        return Dispatcher(
            database=self.installation.database,
            clock=self.clock,
            vault=self.installation.vault,
            signer=Signer(keys.signing_key_id, keys.signing, "test"),
            environment="test",
            wake=threading.Event(),
            limits=LIMITS,
        )

    # -- what the centre does

    def report(self, bank: str = "SIM-PROMPT", serial: int = 1, *, ref: str = "110-1", **more: Any) -> UUID:  # noqa: ANN401 - members of a transfer
        """Hand in a report of one transfer to an account of the bank; return its request's id."""
        before = {row.id for row in self.rows("SELECT id FROM requests")}
        one = reports.transfer(
            self.clock.now(),
            to={"institution": bank, "number": number_of(bank, serial), "holder": "李四"},
            **{"reference": f"R{bank}{serial}", **more},
        )
        reports.submit(
            self.installation, self.centre, reports.report(self.clock.now(), source_ref=ref, transfers=[one])
        )
        new: UUID
        (new,) = {row.id for row in self.rows("SELECT id FROM requests")} - before
        return new

    def round(self, dispatcher: Dispatcher | None = None) -> int:
        """Claim and send once; return how much was claimed, when every call has ended."""
        found = dispatcher or self.dispatcher
        claimed = found.run_once(self.centre, self.mail)
        wait_until(lambda: found.under_way == 0, 20)
        return claimed

    def fire(self) -> int:
        """Fire what is due now."""

        def once() -> int:
            with self.installation.database.begin(self.centre.id) as connection:
                return fire_due(self.installation.work(connection, self.centre.id, "loop:deadlines"), self.mail, 100)

        return retrying(once)

    def work(self, connection: Any) -> Work:  # noqa: ANN401 - a connection
        """Return hands for a transaction."""
        return self.installation.work(connection, self.centre.id, "loop:test")

    def rows(self, sql: str, **values: Any) -> list[Any]:  # noqa: ANN401 - rows
        """Read or change rows of the centre."""
        with self.installation.database.begin(self.centre.id) as connection:
            found = connection.execute(text(sql), values)
            return list(found) if found.returns_rows else []

    def one(self, sql: str, **values: Any) -> Any:  # noqa: ANN401 - a row
        """Read exactly one row."""
        (found,) = self.rows(sql, **values)
        return found

    def institution(self, code: str) -> UUID:
        """Return the id of an institution."""
        found: UUID = self.one("SELECT id FROM institutions WHERE code = :code", code=code).id
        return found

    def request(self, request_id: UUID) -> Any:  # noqa: ANN401 - a row
        """Read a request."""
        return self.one("SELECT * FROM requests WHERE id = :id", id=request_id)

    def hold(self, request_id: UUID) -> Any:  # noqa: ANN401 - a row
        """Read the hold of a request."""
        return self.one("SELECT h.* FROM holds h JOIN requests r ON r.hold_id = h.id WHERE r.id = :id", id=request_id)

    def tasks(self) -> list[str]:
        """Return the kinds of the open tasks."""
        return sorted(row.kind for row in self.rows("SELECT kind FROM tasks WHERE state = 'open'"))

    def attempts(self, request_id: UUID) -> list[tuple[str, str | None]]:
        """Return how each attempt of a request's own message ended, in order."""
        return [
            (row.result, row.reason)
            for row in self.rows(
                "SELECT * FROM attempts WHERE outbox_id = :id ORDER BY number, ended_at", id=request_id
            )
        ]

    def entries(self) -> list[str]:
        """Return the kinds of all entries in the log of the cases."""
        return [
            row.kind for row in self.rows("SELECT kind FROM entries WHERE stream LIKE 'case:%' ORDER BY stream, seq")
        ]

    # -- what a bank does

    def script(self, bank: str, serial: int = 1, **more: Any) -> None:  # noqa: ANN401 - members of a script
        """Let an account answer as written."""
        self.banks.world.write_script(
            AccountScript(
                **{
                    "institution": bank,
                    "number": number_of(bank, serial),
                    "balance_minor": AMOUNT,
                    "asset": "CNY",
                    **more,
                }
            )
        )

    def signer(self, bank: str) -> Signer:
        """Return what a bank signs with."""
        return self.banks.world.config.banks[bank].signer

    def answer(self, request_id: UUID, outcome: str = "full", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - members of an answer
        """Return an answer of now."""
        held = {"held_minor": AMOUNT, "asset": "CNY", "executed_at": self.clock.now()} if outcome == "full" else {}
        return {"message_id": f"m-{outcome}", "request_id": request_id, "outcome": outcome, **held, **more}

    def prepared(
        self, bank: str, request_id: UUID, document: Mapping[str, Any] | bytes, signer: Signer | None = None
    ) -> requests.PreparedRequest:
        """Return a signed callback."""
        body = document if isinstance(document, bytes) else canonical(document)
        key = "raw" if isinstance(document, bytes) else str(document["message_id"])
        url = f"{self.installation.settings.public_url}/api/bank/v1/requests/{request_id}/replies"
        found = self.sender.prepare(url, body, {"Content-Type": "application/json", "Idempotency-Key": key})
        (signer or self.signer(bank)).sign_request(found, now=self.clock.now())
        return found

    def call_back(
        self, bank: str, request_id: UUID, document: Mapping[str, Any] | bytes, signer: Signer | None = None
    ) -> Received:
        """Send a callback, signed by the bank."""
        return self.sender.send(self.prepared(bank, request_id, document, signer))

    def is_signed(self, sent: requests.PreparedRequest, received: Received) -> bool:
        """Tell whether the centre signed this answer to exactly this message."""
        return bool(
            Verifier().verify_response(
                received.status,
                received.headers,
                received.body,
                request=RequestFacts.of(sent),
                keys=self._keys.get,
                now=self.clock.now(),
                expected_tag=tag_for("test"),
            )
        )

    def effects(self) -> list[str]:
        """Return the kinds of the effects in the banks' own ledger."""
        return [str(line["effect"]) for line in self.banks.world.ledger()]


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)


__all__ = ["AMOUNT", "BINS", "LIMITS", "Wire", "at_once", "minutes", "number_of", "wait_until"]
