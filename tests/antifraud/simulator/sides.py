"""A centre that asks the simulated banks over real sockets, and the banks that a test can stop and start again."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import requests

from antifraud.channel.signatures import RequestFacts, Signer, Verifier, VerifyKey, public_key_text, tag_for
from antifraud.channel.wire import (
    Answer,
    AskedAccount,
    AskedMeasure,
    AskedReceipt,
    Authority,
    BankRequest,
    dump_request,
    parse_answer,
)
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.http import LOOPBACK, Limits, Received, Sender
from antifraud.foundation.ids import new_id
from antifraud.simulator.server import SimulatorServer
from antifraud.simulator.setup import SimulatedInstitution, admin_token, prepare
from antifraud.simulator.temper import with_luhn

START = datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC)
BINS = {
    "SIM-PROMPT": "999101",
    "SIM-SLOW": "999102",
    "SIM-PART": "999103",
    "SIM-HOP": "999104",
    "SIM-MUTE": "999105",
    "SIM-NO": "999106",
}


def number_of(bank: str, serial: int = 1) -> str:
    return with_luhn(f"{BINS[bank]}{serial:09d}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


@dataclass
class Heard:
    """One callback as the centre received it."""

    message_id: str
    nonce: str
    bank_key: str
    answer: Answer


@dataclass
class Centre:
    """The other side: asks the banks, hears their callbacks, confirms them or not."""

    clock: FrozenClock
    signer: Signer
    banks: dict[str, SimulatedInstitution] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    signs: bool = True
    port: int = 0
    sender: Sender = field(
        default_factory=lambda: Sender(
            limits=Limits(connect_seconds=2, read_seconds=3, total_seconds=4), allowed_networks=LOOPBACK
        )
    )

    def key_of(self, key_id: str) -> VerifyKey | None:
        bank = next((bank for bank in self.banks.values() if bank.key_id == key_id), None)
        return None if bank is None else VerifyKey.from_text(bank.key_id, bank.algorithm, bank.public_key)

    def request(self, bank: str, number: str | None = None, kind: str = "stop", **more: Any) -> BankRequest:  # noqa: ANN401 - members of a request
        request_id = more.pop("id", None) or new_id(self.clock)
        account = AskedAccount(
            institution=bank,
            scheme="card",
            number=number or number_of(bank),
            sub_ref=None,
            holder=more.pop("holder", None),
        )
        amount = more.pop("amount_minor", 500_000)
        measure = more.pop("measure", AskedMeasure(scope="whole", amount_minor=None, asset="CNY", ends_at=None))
        found = BankRequest(
            id=request_id,
            kind=kind,
            about=None,
            urgency="urgent",
            issued_at=self.clock.now(),
            answer_limit_seconds=1800,
            stop_seq=1,
            supplement=False,
            account=account,
            measure=measure,
            receipt=AskedReceipt(amount_minor=amount, asset="CNY", earliest=None, latest=None, reference=None),
            authority=Authority(name=None, officer=None, basis=None, documents=()),
            reply_to=f"http://127.0.0.1:{self.port}/api/bank/v1/requests/{request_id}/replies",
        )
        return replace(found, **more)

    def prepared(self, asked: BankRequest) -> requests.PreparedRequest:
        url = self.banks[asked.account.institution].url
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(asked.id)}
        found = self.sender.prepare(url, dump_request(asked), headers)
        self.signer.sign_request(found, now=self.clock.now())
        return found

    def send(self, asked: BankRequest) -> tuple[Received, RequestFacts]:
        found = self.prepared(asked)
        return self.sender.send(found), RequestFacts.of(found)

    def ask(self, asked: BankRequest) -> Answer:
        """Send, believe the response only if it is signed by this bank for this request, and read it."""
        received, facts = self.send(asked)
        verified = self.verify(received, facts)
        assert verified == self.banks[asked.account.institution].key_id
        return parse_answer(received.body)

    def verify(self, received: Received, facts: RequestFacts) -> str:
        return (
            Verifier()
            .verify_response(
                received.status,
                received.headers,
                received.body,
                request=facts,
                keys=self.key_of,
                now=self.clock.now(),
                expected_tag=tag_for("test"),
            )
            .key_id
        )

    def callback(self, method: str, path: str, headers: Message, body: bytes) -> tuple[int, dict[str, str], bytes]:
        url = f"http://127.0.0.1:{self.port}{path}"
        verified = Verifier().verify_request(
            method, url, headers, body, keys=self.key_of, now=self.clock.now(), expected_tag=tag_for("test")
        )
        answer = parse_answer(body)
        self.heard.append(Heard(headers["Idempotency-Key"], verified.nonce, verified.key_id, answer))
        status = self.statuses.pop(0) if self.statuses else 200
        confirmed = json.dumps({"message_id": answer.message_id, "status": "applied"}).encode()
        facts = RequestFacts(method, url, headers["Content-Digest"], headers["Idempotency-Key"])
        if self.signs:
            return status, self.signer.response_headers(status, confirmed, facts, now=self.clock.now()), confirmed
        return status, {"Content-Type": "application/json"}, confirmed


@dataclass
class Banks:
    """The simulated banks, which can be killed and started again on the same files."""

    home: Path
    clock: FrozenClock
    centre: Centre
    port: int = field(default_factory=free_port)
    server: SimulatorServer | None = None

    def prepare(self) -> None:
        found = prepare(
            self.home,
            centre_url=f"http://127.0.0.1:{self.centre.port}",
            base_url=f"http://127.0.0.1:{self.port}",
            centre_keys=[
                {"key_id": "centre-1", "public_key": public_key_text(self.centre.signer.verify_key.public_key)}
            ],
            environment="test",
        )
        self.centre.banks = {bank.code: bank for bank in found}

    def start(self) -> None:
        self.prepare()
        self.server = SimulatorServer(self.home, self.clock, self.port)
        self.server.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def admin(self, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {admin_token(self.home)}"}
        url = f"http://127.0.0.1:{self.port}/admin/{path}"
        session = requests.Session()
        session.trust_env = False
        with session:
            if document is None:
                response = session.get(url, headers=headers, timeout=5)
            else:
                response = session.post(url, json=document, headers=headers, timeout=5)
            assert response.status_code == 200, response.text
            return response.json()

    def effects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.admin("ledger")["effects"]
        return found

    def fault(self, bank: str, kind: str, count: int = 1) -> None:
        self.admin("faults", {"bank": bank, "kind": kind, "count": count})
