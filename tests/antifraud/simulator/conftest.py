"""The simulated banks on a real port, and a centre on another that confirms what it is called back with."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typing_extensions import override

from antifraud.channel.signatures import Signer
from antifraud.foundation.clock import FrozenClock
from tests.antifraud.simulator.sides import START, Banks, Centre


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def centre(clock: FrozenClock) -> Iterator[Centre]:
    found = Centre(clock, Signer("centre-1", Ed25519PrivateKey.generate(), "test"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, answer = found.callback("POST", self.path, self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.sender.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def banks(tmp_path: Path, clock: FrozenClock, centre: Centre) -> Iterator[Banks]:
    found = Banks(tmp_path, clock, centre)
    found.start()
    yield found
    found.stop()
