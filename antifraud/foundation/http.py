"""The only way out by HTTP: bounded in time and size, to permitted addresses, following nothing.

A call ends in one of three ways, and the caller's next step hangs on which: ``Received``; ``NotSent`` (no byte of the
request left, so sending again can do no harm); ``Ambiguous`` (the other side may have it and may have acted).

The address is checked at the connected socket, before a byte is written: whatever a name resolved to a moment ago,
what counts is who really is at the other end.
"""

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
NotSentReason: TypeAlias = Literal[
    "bad_url", "address_refused", "no_such_host", "connect_timeout", "tls", "unreachable"
]
AmbiguousReason: TypeAlias = Literal["read_timeout", "total_time", "connection_lost", "too_large", "bad_response"]

LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_CHUNK: Final = 65_536


class NotSent(Exception):
    """No byte of the request left this machine."""

    def __init__(self, reason: NotSentReason) -> None:
        """Keep the machine-readable reason."""
        super().__init__(reason)
        self.reason: NotSentReason = reason


class Ambiguous(Exception):
    """The request may have arrived, wholly or in part; what came of it is not known."""

    def __init__(self, reason: AmbiguousReason, status: int | None = None) -> None:
        """Keep the machine-readable reason, and the status line where one came."""
        super().__init__(reason)
        self.reason: AmbiguousReason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer. A redirect is one too, and is not followed.

    ``body`` holds the bytes as they came, before any content decoding: the bytes that a digest is about.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much; ``total_seconds`` bounds the whole call, however slowly the bytes drip."""

    connect_seconds: float = 3.0
    read_seconds: float = 10.0
    total_seconds: float = 15.0
    max_response_bytes: int = 1_048_576


class Sender:
    """Sends requests; keeps one session, so one set of connections, per destination. Any thread may use it."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        allowed_networks: Iterable[Network] = (),
        ca_file: str | None = None,
        client_certificate: tuple[str, str] | None = None,
    ) -> None:
        """Prepare to send.

        Args:
            limits: Bounds of one call.
            allowed_networks: Networks that may be reached although they are not global (leased lines, loopback).
            ca_file: Certificates to believe instead of the bundled ones.
            client_certificate: Paths of certificate and key for mutual TLS.
        """
        self.limits = limits or Limits()
        self._networks = tuple(allowed_networks)
        self._ca_file = ca_file
        self._client_certificate = client_certificate
        self._sessions: dict[tuple[str, str], requests.Session] = {}
        self._calls: set[_Call] = set()
        self._is_cut = False
        self._lock = threading.Lock()

    def prepare(self, url: str, body: bytes, headers: Mapping[str, str]) -> requests.PreparedRequest:
        """Return a POST of ``body`` that can be signed and then sent; nothing is added to it after signing.

        Raises:
            NotSent: ``url`` is no http or https address.
        """
        try:
            prepared = requests.Request("POST", url, data=body, headers=dict(headers)).prepare()
        except (requests.RequestException, ValueError):
            raise NotSent("bad_url") from None
        # Anything else would have the body unpacked on the way: bytes are compared with a signed digest.
        prepared.headers["Accept-Encoding"] = "identity"
        return prepared

    def send(self, prepared: requests.PreparedRequest, *, on_first_byte: Callable[[], None] | None = None) -> Received:
        """Send once; never again by itself.

        Args:
            prepared: See ``prepare``.
            on_first_byte: Called once in this thread when the first bytes were handed to the connection, which is
                the instant from which the request counts as under way.

        Raises:
            NotSent: Nothing left.
            Ambiguous: Something did, and no whole answer came back within the limits.
        """
        call = _Call(self._networks, on_first_byte)
        session = self._session(prepared.url or "")
        limits = self.limits
        _ACTIVE.call = call
        with self._lock:
            self._calls.add(call)
            call.aborted = self._is_cut
        alarm = threading.Timer(limits.total_seconds, call.abort)
        alarm.daemon = True
        alarm.start()
        try:
            response = session.send(
                prepared,
                stream=True,
                allow_redirects=False,
                timeout=(min(limits.connect_seconds, limits.total_seconds), limits.read_seconds),
                verify=self._ca_file or True,
                cert=self._client_certificate,
                proxies={},
            )
            with contextlib.closing(response):
                received = _read(response, limits.max_response_bytes)
        except _TooLarge as large:
            raise Ambiguous("total_time" if call.aborted else "too_large", large.status) from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _classified(error, call) from None
        finally:
            alarm.cancel()
            _ACTIVE.call = None
            with self._lock:
                self._calls.discard(call)
        if call.aborted:  # a connection cut by the alarm reads like a whole answer where no length was announced
            raise Ambiguous("total_time", received.status)
        return received

    def cut(self) -> None:
        """End the calls under way, and any later one, as if their time were over."""
        with self._lock:
            self._is_cut = True
            calls = list(self._calls)
        for call in calls:
            call.abort()

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()

    def _session(self, url: str) -> requests.Session:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise NotSent("bad_url") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise NotSent("bad_url")
        with self._lock:
            key = (parts.scheme, parts.netloc)
            if key not in self._sessions:
                self._sessions[key] = _new_session()
            return self._sessions[key]


def _new_session() -> requests.Session:
    session = requests.Session()
    # The environment's proxies, .netrc and CA bundle must not change where a freeze goes or whom it believes.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", _GuardedAdapter())
    session.mount("https://", _GuardedAdapter())
    return session


class _TooLarge(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _read(response: requests.Response, max_bytes: int) -> Received:
    pieces: list[bytes] = []
    size = 0
    for piece in response.raw.stream(_CHUNK, decode_content=False):
        size += len(piece)
        if size > max_bytes:
            raise _TooLarge(response.status_code)
        pieces.append(piece)
    return Received(response.status_code, response.headers, b"".join(pieces))


def _classified(error: Exception, call: "_Call") -> NotSent | Ambiguous:
    return Ambiguous(_why_ambiguous(error, call)) if call.started else NotSent(_why_not_sent(error, call))


def _why_ambiguous(error: Exception, call: "_Call") -> AmbiguousReason:
    if call.aborted:
        return "total_time"
    if isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError | TimeoutError):
        return "read_timeout"
    if isinstance(error, requests.exceptions.InvalidHeader | urllib3.exceptions.InvalidHeader | ValueError):
        return "bad_response"
    return "connection_lost"


def _why_not_sent(error: Exception, call: "_Call") -> NotSentReason:
    if call.address_refused:
        return "address_refused"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | UnicodeError):
        return "bad_url"
    if isinstance(error, requests.exceptions.ConnectTimeout) or call.aborted:
        return "connect_timeout"
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    return "no_such_host" if _by_name(error) else "unreachable"


def _by_name(error: Exception) -> bool:
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, urllib3.exceptions.NameResolutionError)


class _Call:
    """What is known of one call: whether bytes left, and the connection to cut when its time is over."""

    def __init__(self, networks: tuple[Network, ...], on_first_byte: Callable[[], None] | None) -> None:
        self.networks = networks
        self.started = False
        self.aborted = False
        self.address_refused = False
        self._on_first_byte = on_first_byte
        self._connection: _Guarded | None = None
        self._lock = threading.Lock()

    def use(self, connection: "_Guarded") -> None:
        with self._lock:
            self._connection = connection
            connection.call = self
            if self.aborted:
                connection.cut()

    def first_byte(self) -> None:
        if self._on_first_byte is not None:
            callback, self._on_first_byte = self._on_first_byte, None
            callback()

    def abort(self) -> None:
        with self._lock:
            self.aborted = True
            connection = self._connection
            # A kept connection may already serve another call.
            if connection is not None and connection.call is self:
                connection.cut()


class _Active(threading.local):
    call: _Call | None = None


_ACTIVE: Final = _Active()
"""The call of this thread: a pool makes its connections itself, so they cannot be handed it."""


def is_permitted(address: str, networks: Iterable[Network]) -> bool:
    """Return whether a connection to this address may be used.

    An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is what counts, not its wrapping.
    """
    found = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if any(found.version == network.version and found in network for network in networks):
        return True
    return found.is_global and not found.is_multicast


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


class _Guarded(HTTPConnection):
    """A connection that looks at its peer before it speaks, and can be cut from outside."""

    call: _Call | None = None
    _live: socket.socket | None = None

    @override
    def _new_conn(self) -> socket.socket:
        call = _ACTIVE.call
        sock = super()._new_conn()
        if call is None or not is_permitted(sock.getpeername()[0], call.networks):
            if call is not None:
                call.address_refused = True
            sock.close()
            message = "the address is not a permitted one"
            raise NewConnectionError(self, message)
        self._live = sock
        call.use(self)
        return sock

    @override
    def connect(self) -> None:
        super().connect()
        self._live = self.sock

    @override
    def request(self, *args: Any, **kwargs: Any) -> None:
        if _ACTIVE.call is not None:
            _ACTIVE.call.use(self)
        super().request(*args, **kwargs)

    @override
    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call = _ACTIVE.call
        if call is not None:
            call.started = True
        super().send(data)
        if call is not None:
            call.first_byte()

    def cut(self) -> None:
        """End whatever waits on this connection, from any thread."""
        if self._live is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own method: that one gives up its session under the reader's feet.
                socket.socket.shutdown(self._live, socket.SHUT_RDWR)


class _GuardedTls(_Guarded, HTTPSConnection):
    """The same over TLS; the address is looked at before the handshake."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTls


class _GuardedAdapter(HTTPAdapter):
    """The adapter of ``requests`` with our connections, and without any attempt of its own."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=8, max_retries=0)

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool manager, then have it use our classes."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    @override
    def close(self) -> None:
        """Close the idle connections now: a pool left to the garbage collector keeps them open."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118 - this container cannot be iterated
            pool = self.poolmanager.pools.get(key)
            if pool is not None:
                pool.close()
        super().close()
