"""The running system, handed canaries in every place: nothing that it writes or shows to a machine holds one (I12)."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from antifraud.foundation.http import LOOPBACK, Sender
from antifraud.foundation.json import canonical
from antifraud.simulator.setup import load_config
from tests.factories.canaries import (
    CHANNEL,
    FIELD,
    HOLDER,
    NARRATIVE,
    NEXT,
    NEXT_HOLDER,
    OFFICER,
    PAYEE,
    PHONE,
    REASON,
    REFERENCE,
    UNKNOWN_BANK,
    UNKNOWN_NUMBER,
    VICTIM,
    everything_stored,
    report,
    seen,
)
from tests.processes.harness import System
from tests.processes.procs import wait_for

pytestmark = pytest.mark.processes

HOSTILE = (
    f'{NARRATIVE}\n{{"level": "error", "event": "forged-7311"}}\r\n\x1b[31m',
    f"<script>{NARRATIVE}</script>' OR 1=1; DROP TABLE reports; --",
    f"%s %n {{}} ${{jndi:ldap://{NARRATIVE}}} {{{{7*7}}}} \u202e\u0000".replace("\u0000", ""),
    NARRATIVE * 400,
)
"""Text that would forge a line, run, be formatted, or be cut in the wrong place, if anything wrote it down."""


def post(whole: System, body: bytes, key: str, **headers: str) -> tuple[int, bytes]:
    token = (whole.settings.home / "tokens" / "drill.110").read_text().strip()
    sent = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "User-Agent": f"agent {PHONE}",
        "X-Request-Id": PHONE,
        "Referer": f"http://{NARRATIVE}.example/",
        **headers,
    }
    answer = whole.request("POST", "/api/v1/reports", body, sent)
    return answer.status, answer.body


def document(whole: System, ref: str, **changes: Any) -> bytes:  # noqa: ANN401 - members of a report
    return json.dumps(report(whole.clock.now(), ref, **changes)).encode()


def hand_in(whole: System) -> list[bytes]:
    """Send reports of every kind of trouble; return what was answered to those that were not accepted."""
    accepted = post(whole, document(whole, "1"), "one")
    assert accepted[0] == 201, accepted
    for number, text in enumerate(HOSTILE):
        changes = {
            "narrative": text,
            "victim": {"name": f"{VICTIM} {text[:60]}", "phone": PHONE},
            "place": text,
            "authority": {"name": "反诈中心", "officer": f"{OFFICER} {text[:60]}"},
        }
        status, said = post(whole, document(whole, f"h{number}", **changes), f"hostile-{number}")
        assert status in {201, 400, 422}, (status, said)
    wrong: tuple[tuple[bytes, str, dict[str, str]], ...] = (
        (document(whole, "2", **{FIELD: NARRATIVE}), "two", {}),
        (document(whole, "3")[:-25], "three", {}),
        (document(whole, "1", narrative=NARRATIVE * 2), "one", {}),
        (document(whole, "4", victim={"name": VICTIM, "phone": [PHONE]}), PHONE, {}),
        (document(whole, "5"), "five", {"Authorization": f"Bearer {PHONE}"}),
        (document(whole, "6"), "six", {"Content-Type": f"text/{VICTIM}".encode().decode("latin-1")}),
        (NARRATIVE.encode() * 60_000, "seven", {}),
    )
    told = []
    for body, key, headers in wrong:
        status, answer = post(whole, body, key, **headers)
        assert 400 <= status < 500, (status, answer)
        # The name of a member that is wrong is said back, as the pointer to it.
        told.append(answer.replace(f"/{FIELD}".encode(), b""))
    return told


def answer_as_the_bank(whole: System) -> None:
    """Have the bank answer with further names and numbers, rightly signed, wrongly signed, and unreadably."""
    (request_id,) = whole.rows("SELECT id FROM requests ORDER BY created_at, id LIMIT 1")[0]
    bank = load_config(whole.settings.home).banks["SIM-HOP"]
    sender = Sender(allowed_networks=LOOPBACK)
    moved = {"amount_minor": 1, "asset": "CNY"}
    documents: tuple[dict[str, Any] | bytes, ...] = (
        {
            "message_id": "m-7311",
            "request_id": request_id,
            "outcome": "moved_on",
            "reason": REASON,
            "next": [
                {"institution": "SIM-PROMPT", "number": NEXT, "holder": NEXT_HOLDER, **moved},
                {"institution": UNKNOWN_BANK, "number": UNKNOWN_NUMBER, "holder": HOLDER, **moved},
            ],
        },
        json.dumps({"message_id": "odd", "holder": HOLDER, FIELD: REASON}).encode(),
        f'{{"message_id": "{NARRATIVE}'.encode(),
    )
    for one in documents:
        body = one if isinstance(one, bytes) else canonical(one)
        url = f"{whole.settings.public_url}/api/bank/v1/requests/{request_id}/replies"
        prepared = sender.prepare(url, body, {"Content-Type": "application/json", "Idempotency-Key": "m"})
        bank.signer.sign_request(prepared, now=whole.clock.now())
        assert sender.send(prepared).status < 500
    forged = {"Content-Type": "application/json", "Signature": f"sig1=:{NARRATIVE}:", "Signature-Input": NARRATIVE}
    path = f"/api/bank/v1/requests/{request_id}/replies"
    assert whole.request("POST", path, NARRATIVE.encode(), forged).status == 401
    sender.close()


def look_around(whole: System) -> None:
    """Ask for addresses that hold canaries, by HTTP and by what is none."""
    query = urlencode({"q": VICTIM, "centre": NARRATIVE, "next": f"/cases?q={PHONE}"})
    for path in ("/cases", "/weekly/2026-W47", "/sign-in", "/reports/new", f"/cases/{PHONE}", f"/{quote(VICTIM)}"):
        assert whole.request("GET", f"{path}?{query}").status < 500
    form = urlencode({"name": VICTIM, "password": NARRATIVE, "csrf_token": PHONE}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"session={PHONE}"}
    assert whole.request("POST", "/sign-in", form, headers).status < 500
    for raw in (
        f"GET /{PHONE} HTTP/9.9\r\n\r\n",
        f"{PHONE} {NARRATIVE}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\n{PHONE} : {NARRATIVE}\r\n\r\n",
        f"GET /{PHONE * 2000} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"POST /api/v1/reports HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {NARRATIVE}\r\n\r\n",
    ):
        with closing(socket.create_connection(("127.0.0.1", whole.settings.port), timeout=10)) as line:
            line.sendall(raw.encode())
            told = line.recv(65_536)
            assert told.startswith(b"HTTP/1.1 "), told
            assert seen("unreadable", told.decode("utf-8", "replace")) == set()


def log_lines(whole: System) -> Iterator[tuple[str, str]]:
    for path in sorted([*whole.folder.glob("*.log"), *(whole.settings.home / "logs").glob("*.log")]):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            yield path.name, line


def test_no_canary_is_in_a_log_a_column_a_file_a_metric_or_an_error(whole: System) -> None:
    whole.start("web", "worker", "simulator")
    whole.admin(
        "POST",
        "/admin/accounts",
        [
            {
                "institution": "SIM-HOP",
                "number": PAYEE,
                "holder": HOLDER,
                "balance_minor": 0,
                "asset": "CNY",
                "moves": [{"institution": "SIM-PROMPT", "number": NEXT, "amount_minor": 4_200_000}],
            }
        ],
    )
    errors = hand_in(whole)
    wait_for("the bank was asked", lambda: whole.one("SELECT count(*) FROM attempts") > 0, 20)
    answer_as_the_bank(whole)
    look_around(whole)
    whole.settle(60)
    metrics = whole.request("GET", "/metrics").body.decode()
    health = b"".join(whole.request("GET", path).body for path in ("/livez", "/healthz", "/readyz"))
    whole.running["web"].send(signal.SIGHUP)
    wait_for("the web process was reloaded", lambda: whole.request("GET", "/readyz").status == 200, 30)
    for name in ("web", "worker", "simulator"):
        whole.stop(name, 20)

    hits = seen("metrics", metrics) | seen("health", health.decode())
    for error in errors:
        hits |= seen("error", error.decode())
    lines = list(log_lines(whole))
    for name, line in lines:
        hits |= seen(f"log {name}", line)
    for table, found in everything_stored(whole.settings.database_url or "", whole.drill):
        hits |= seen(f"table {table}", found)
    for path in whole.settings.home.rglob("*"):
        if path.is_file() and whole.settings.home / "simulator" not in path.parents:
            hits |= seen(f"file {path.name}", path.read_bytes().decode("utf-8", "replace"))
    assert hits == set()

    own = [json.loads(line) for name, line in lines if "web" in name or "worker" in name]
    assert not [line for line in own if line["event"] == "forged-7311"], "a line of a log was forged"
    requests = [line for line in own if line["event"] == "request"]
    assert {"/api/v1/reports", "/cases/<no>", "/api/bank/v1/requests/<uuid:request_id>/replies"} <= {
        line["route"] for line in requests
    }
    assert {line["centre"] for line in requests} == {"drill", None}
    assert len({line["request_id"] for line in requests}) == len(requests)
    assert all("address" not in line and "path" not in line and "query" not in line for line in requests)
    assert {"request_unreadable", "signature_refused"} <= {line["event"] for line in own}
    # What must be there is there: the canaries were taken in, and can be read by whoever may.
    assert whole.one("SELECT count(*) FROM reports WHERE state <> 'refused'") >= 1
    assert CHANNEL not in metrics
    assert REFERENCE not in metrics
