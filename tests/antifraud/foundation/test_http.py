"""What leaves by HTTP, what comes back, and how a call that goes wrong is told apart; on real sockets."""

import contextlib
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from antifraud.foundation.clock import SystemClock
from antifraud.foundation.http import LOOPBACK, Ambiguous, Limits, NotSent, Received, Sender, is_permitted

QUICK = Limits(connect_seconds=0.5, read_seconds=0.5, total_seconds=1.0, max_response_bytes=1000)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """A server on loopback that hands each connection to a script and keeps the bytes that it read."""

    def __init__(self, script: Callable[[socket.socket, "Peer"], None]) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self.script(connection, self)

    def read_request(self, connection: socket.socket) -> bool:
        """Read one request with its body; false when the other side has gone."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = connection.recv(65536)
            if not piece:
                return False
            raw += piece
        head, _, body = raw.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return True

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(5)
            assert not thread.is_alive(), "a connection was left open"


Serve: TypeAlias = Callable[[Callable[[socket.socket, Peer], None]], Peer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    peers: list[Peer] = []

    def start(script: Callable[[socket.socket, Peer], None]) -> Peer:
        peers.append(Peer(script))
        return peers[-1]

    yield start
    for peer in peers:
        peer.close()


@pytest.fixture
def sender() -> Iterator[Sender]:
    found = Sender(limits=QUICK, allowed_networks=LOOPBACK)
    yield found
    found.close()


def answers(*raw: bytes) -> Callable[[socket.socket, Peer], None]:
    """Answer every request on a connection with these pieces."""

    def script(connection: socket.socket, peer: Peer) -> None:
        while peer.read_request(connection):
            for piece in raw:
                connection.sendall(piece)

    return script


def post(sender: Sender, url: str, **more: Callable[[], None]) -> Received:
    return sender.send(sender.prepare(url, b'{"a":1}', {"Content-Type": "application/json"}), **more)


def ambiguous(sender: Sender, url: str) -> Ambiguous:
    with pytest.raises(Ambiguous) as caught:
        post(sender, url)
    return caught.value


def not_sent(sender: Sender, url: str) -> NotSent:
    with pytest.raises(NotSent) as caught:
        post(sender, url)
    return caught.value


def test_a_call_brings_status_headers_and_bytes_and_keeps_its_connection(serve: Serve, sender: Sender) -> None:
    peer = serve(answers(OK))
    for _ in range(3):
        received = post(sender, f"http://127.0.0.1:{peer.port}/stop")
        assert (received.status, received.body, received.headers["content-length"]) == (200, b"ok", "2")
    assert peer.connections == 1
    assert peer.requests[0].startswith(b"POST /stop HTTP/1.1\r\n")
    assert peer.requests[0].endswith(b'\r\n\r\n{"a":1}')


def test_the_first_byte_is_told_once_before_the_answer_is_there(serve: Serve, sender: Sender) -> None:
    told: list[str] = []

    def script(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)
        told.append("read by the other side")
        deadline = time.monotonic() + 5
        while "sent" not in told and time.monotonic() < deadline:
            peer.over.wait(0.01)
        told.append("answered")
        connection.sendall(OK)

    peer = serve(script)
    post(sender, f"http://127.0.0.1:{peer.port}/", on_first_byte=lambda: told.append("sent"))
    assert sorted(told) == ["answered", "read by the other side", "sent"]
    assert told[-1] == "answered"


def test_nobody_listening_is_not_sent(sender: Sender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not_sent(sender, f"http://127.0.0.1:{port}/").reason == "unreachable"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "/stop", "http://", "http://[::1", "http://a b/", "http://\x00/"])
def test_what_is_no_web_address_is_not_sent(sender: Sender, url: str) -> None:
    assert not_sent(sender, url).reason == "bad_url"


def test_an_unknown_name_is_not_sent(sender: Sender) -> None:
    assert not_sent(sender, "http://nobody.invalid/").reason == "no_such_host"


@pytest.mark.allow_hosts(["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001"])
def test_an_address_that_is_not_permitted_gets_no_byte(serve: Serve, host: str) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket, _: Peer) -> None:
        heard.append(connection.recv(1))

    peer = serve(script)
    closed = Sender(limits=QUICK)
    told: list[str] = []
    with pytest.raises(NotSent) as caught:
        post(closed, f"http://{host}:{peer.port}/", on_first_byte=lambda: told.append("sent"))
    assert caught.value.reason in {"address_refused", "bad_url"}
    peer.close()
    assert heard in ([], [b""])
    assert told == []


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.1.2.3", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("192.168.7.9", True),
        ("::ffff:192.168.7.9", True),
    ],
)
def test_private_addresses_are_refused_unless_listed_whatever_they_are_wrapped_in(
    address: str, *, permitted: bool
) -> None:
    assert is_permitted(address, (ipaddress.ip_network("192.168.7.0/24"),)) is permitted


def test_a_redirect_is_an_answer_and_is_not_followed(serve: Serve, sender: Sender) -> None:
    elsewhere = serve(answers(OK))
    location = f"Location: http://127.0.0.1:{elsewhere.port}/\r\n".encode()
    peer = serve(answers(b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n" + location + b"\r\n"))
    assert post(sender, f"http://127.0.0.1:{peer.port}/").status == 307
    assert elsewhere.connections == 0


def test_a_peer_that_never_answers_is_ambiguous_after_the_read_limit(serve: Serve, sender: Sender) -> None:
    def script(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)
        peer.over.wait(10)

    peer = serve(script)
    began = time.monotonic()
    assert ambiguous(sender, f"http://127.0.0.1:{peer.port}/").reason == "read_timeout"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["status line", "headers", "body", "body without length"],
)
def test_a_peer_that_drips_is_cut_off_at_the_total_limit(serve: Serve, sender: Sender, start: bytes) -> None:
    def script(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)
        connection.sendall(start)
        for _ in range(200):
            if peer.over.wait(0.05):
                return
            connection.sendall(b"H")

    peer = serve(script)
    began = time.monotonic()
    assert ambiguous(sender, f"http://127.0.0.1:{peer.port}/").reason == "total_time"
    assert 0.9 < time.monotonic() - began < 3


def test_a_call_after_a_cut_one_works(serve: Serve, sender: Sender) -> None:
    slow = threading.Event()

    def script(connection: socket.socket, peer: Peer) -> None:
        while peer.read_request(connection):
            if not slow.is_set():
                slow.set()
                for _ in range(100):
                    connection.sendall(b"H")
                    if peer.over.wait(0.05):
                        return
            connection.sendall(OK)

    peer = serve(script)
    assert ambiguous(sender, f"http://127.0.0.1:{peer.port}/").reason == "total_time"
    assert post(sender, f"http://127.0.0.1:{peer.port}/").status == 200


def test_a_peer_that_hangs_up_is_ambiguous(serve: Serve, sender: Sender) -> None:
    def script(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)

    peer = serve(script)
    assert ambiguous(sender, f"http://127.0.0.1:{peer.port}/").reason == "connection_lost"


def test_half_an_announced_body_is_ambiguous(serve: Serve, sender: Sender) -> None:
    def script(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    peer = serve(script)
    assert ambiguous(sender, f"http://127.0.0.1:{peer.port}/").reason == "connection_lost"


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_over_the_size_limit_is_not_taken_in(serve: Serve, sender: Sender, *, announced: bool) -> None:
    sent = threading.Event()

    def script(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)
        length = b"Content-Length: 100000000\r\n" if announced else b""
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        with contextlib.suppress(OSError):
            for _ in range(10_000):
                connection.sendall(b"x" * 10_000)
            sent.set()

    peer = serve(script)
    caught = ambiguous(sender, f"http://127.0.0.1:{peer.port}/")
    assert (caught.reason, caught.status) == ("too_large", 200)
    assert not sent.is_set()


def test_a_packed_body_comes_as_the_bytes_on_the_wire(serve: Serve, sender: Sender) -> None:
    packed = b"\x1f\x8bno gzip at all"
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    peer = serve(answers(head + packed))
    assert post(sender, f"http://127.0.0.1:{peer.port}/").body == packed
    assert b"\r\nAccept-Encoding: identity\r\n" in peer.requests[0]


def test_cookies_proxies_and_netrc_of_the_environment_change_nothing(
    serve: Serve, sender: Sender, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    peer = serve(answers(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"))
    for _ in range(2):
        assert post(sender, f"http://127.0.0.1:{peer.port}/").status == 200
    assert not any(b"cookie:" in one.lower() or b"authorization:" in one.lower() for one in peer.requests)
    assert os.environ["http_proxy"] == "http://127.0.0.1:9"


def test_a_hung_peer_delays_no_call_to_another(serve: Serve, sender: Sender) -> None:
    def hang(connection: socket.socket, peer: Peer) -> None:
        peer.read_request(connection)
        peer.over.wait(10)

    hung, quick = serve(hang), serve(answers(OK))
    waiting = [threading.Thread(target=ambiguous, args=(sender, f"http://127.0.0.1:{hung.port}/")) for _ in range(12)]
    for thread in waiting:
        thread.start()
    began = time.monotonic()
    assert post(sender, f"http://127.0.0.1:{quick.port}/").status == 200
    assert time.monotonic() - began < 0.4
    for thread in waiting:
        thread.join(5)


def certificate(folder: Path, *, host: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = SystemClock().now()  # TLS looks at the machine's clock too
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def test_https_is_guarded_verified_and_cut_like_http(serve: Serve, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, host="127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    drip = threading.Event()

    def script(connection: socket.socket, peer: Peer) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            while peer.read_request(tls):
                for _ in range(100 if drip.is_set() else 0):
                    tls.sendall(b"H")
                    if peer.over.wait(0.05):
                        return
                tls.sendall(OK)

    peer = serve(script)
    url = f"https://127.0.0.1:{peer.port}/"
    believing = Sender(limits=QUICK, allowed_networks=LOOPBACK, ca_file=str(cert))
    assert post(believing, url).body == b"ok"
    assert not_sent(Sender(limits=QUICK, ca_file=str(cert)), url).reason == "address_refused"
    assert not_sent(Sender(limits=QUICK, allowed_networks=LOOPBACK), url).reason == "tls"
    drip.set()
    assert ambiguous(believing, url).reason == "total_time"
    believing.close()


def test_a_peer_that_never_finishes_the_handshake_is_not_sent(serve: Serve) -> None:
    def script(connection: socket.socket, peer: Peer) -> None:
        connection.recv(10)
        peer.over.wait(10)

    peer = serve(script)
    assert not_sent(Sender(limits=QUICK, allowed_networks=LOOPBACK), f"https://127.0.0.1:{peer.port}/").reason in {
        "connect_timeout",
        "tls",
        "unreachable",
    }
