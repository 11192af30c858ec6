"""Plain banks: each request is answered at once by a signed 200 without a body, except at banks that hang.

Run as a script: it says `ready`, and at the end of its input prints one JSON line: by idempotency key, when the first
byte of its first request arrived (monotonic clock of the machine), and at which bank.
"""

import json
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from antifraud.channel.signatures import RequestFacts
from antifraud.simulator.setup import SimulatorConfig, load_config

_arrived: dict[str, tuple[str, float]] = {}


def serve(connection: socket.socket, config: SimulatorConfig, hanging: str) -> None:
    """Answer request after request on one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        while True:
            received = connection.recv(65_536)
            first_byte_at = time.monotonic()
            if not received:
                return
            while b"\r\n\r\n" not in received:
                received += connection.recv(65_536)
            head, _, body = received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            while len(body) < int(named["content-length"]):
                body += connection.recv(65_536)
            code = first.split("/")[2]
            _arrived.setdefault(named["idempotency-key"], (code, first_byte_at))
            if code == hanging:
                connection.recv(1)  # until the other side gives up
                return
            bank = config.banks[code]
            facts = RequestFacts("POST", bank.url, named["content-digest"], named["idempotency-key"])
            signed = bank.signer.response_headers(200, b"", facts, now=datetime.now(UTC))  # noqa: TID251 - a bank has a clock of its own
            told = "".join(f"{name}: {value}\r\n" for name, value in {**signed, "Content-Length": "0"}.items())
            connection.sendall(f"HTTP/1.1 200 OK\r\n{told}\r\n".encode("latin-1"))


def main() -> None:
    """Listen on the port of the simulated banks until the input ends."""
    home, port, hanging = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    config = load_config(home)
    with socket.create_server(("127.0.0.1", port), backlog=128) as door:
        threading.Thread(target=_accept, args=(door, config, hanging), daemon=True).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    sys.stdout.write(json.dumps(_arrived) + "\n")


def _accept(door: socket.socket, config: SimulatorConfig, hanging: str) -> None:
    while True:
        connection, _ = door.accept()
        threading.Thread(target=serve, args=(connection, config, hanging), daemon=True).start()


if __name__ == "__main__":
    main()
