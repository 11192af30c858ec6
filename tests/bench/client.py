"""A cheap source of reports: several clients in one process, each posting one report after another on its connection.

Run as a script; it prints one JSON line. Plain sockets and a prepared message keep its own share of the machine small;
what it used of the processors is in its line.
"""

import argparse
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

_TRANSFER = (
    '{"from":{"institution":"ICBC","number":"62220%(number)s","holder":"王小明"},'
    '"to":{"institution":"%(bank)s","number":"9991%(number)s","holder":"李四"},'
    '"amount":4200000,"currency":"CNY","at":"%(at)s","reference":"T%(mark)s"}'
)
_REPORT = (
    '{"source_ref":"%(mark)s","channel":"110","reported_at":"%(at)s",'
    '"victim":{"name":"王小明","phone":"13800138000"},"transfers":[' + _TRANSFER + "]}"
)
_ACCEPTED = b"HTTP/1.1 201"


@dataclass
class Client:
    """One client: as fast as it is answered, or one report every ``pause`` seconds."""

    port: int
    token: str
    mark: str
    pause: float = 0.0
    banks: tuple[str, ...] = ("SIM-PROMPT",)
    seconds: list[float] = field(default_factory=list)
    answered_at: dict[str, float] = field(default_factory=dict)
    refused: int = 0

    def run(self, ends: float) -> None:
        """Post until the monotonic clock shows ``ends``."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = 0
            while time.monotonic() < ends:
                number += 1
                mark = f"{self.mark}{number}"
                began = time.monotonic()
                answer = self._post(connection, mark, number)
                ended = time.monotonic()
                self.seconds.append(ended - began)
                head, _, told = answer.partition(b"\r\n\r\n")
                self.refused += not head.startswith(_ACCEPTED)
                if self.pause:
                    self.answered_at |= {order["id"]: ended for order in json.loads(told)["requests"]}
                    time.sleep(self.pause)

    def _post(self, connection: socket.socket, mark: str, number: int) -> bytes:
        at = datetime.now(UTC).isoformat()  # noqa: TID251 - a client has a clock of its own
        own = int(mark.encode().hex(), 16) % 10**5
        facts = {
            "mark": mark,
            "at": at,
            "number": f"{own:05d}{number:06d}",
            "bank": self.banks[number % len(self.banks)],
        }
        body = (_REPORT % facts).encode()
        connection.sendall(
            b"POST /api/v1/reports HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {self.token}\r\nIdempotency-Key: {mark}\r\n".encode()
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        return _answer(connection)


def _answer(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        message = "the server closed the connection"
        raise ConnectionError(message)
    return piece


def main() -> None:
    """Read the command line, post, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token-file", required=True)
    parser.add_argument("--mark", required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--banks", default="SIM-PROMPT")
    asked = parser.parse_args()
    with open(asked.token_file, encoding="ascii") as file:  # noqa: PTH123 - a script that imports as little as it can
        token = file.read().strip()
    banks = tuple(asked.banks.split(","))
    clients = [
        Client(asked.port, token, f"{asked.mark}-{place}-", asked.pause, banks) for place in range(asked.clients)
    ]
    began, used = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=client.run, args=(began + asked.seconds,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    every = sorted(second for client in clients for second in client.seconds)
    print(  # noqa: T201 - its result
        json.dumps(
            {
                "reports": len(every),
                "refused": sum(client.refused for client in clients),
                "per_second": len(every) / took,
                "p50_ms": every[len(every) // 2] * 1000,
                "p99_ms": every[len(every) * 99 // 100] * 1000,
                "own_cpu_share": (time.process_time() - used) / took,
                # By request, of clients that make pauses: when the report's sender had its answer.
                "answered_at": {order: at for client in clients for order, at in client.answered_at.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
