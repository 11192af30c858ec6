"""What the surroundings may choose: one frozen value, read once, in which a wrong word stops the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast, get_args
from urllib.parse import quote, urlsplit

from antifraud.foundation.clock import Clock, ControlledClock, SystemClock

Environment = Literal["development", "production", "test"]
ClockKind = Literal["system", "controlled"]

_PREFIX: Final = "ANTIFRAUD_"
APPLICATION_ROLE: Final = "antifraud_app"
_SECRETS: Final = ("DATABASE_URL", "ANTIFRAUD_APP_DATABASE_URL", "ANTIFRAUD_METRICS_TOKEN", "ANTIFRAUD_DEADMAN_URL")
_DATABASES: Final = ("DATABASE_URL", "ANTIFRAUD_APP_DATABASE_URL")
_TOKEN_LENGTH: Final = 16
_VARIABLES: Final = {
    "ANTIFRAUD_HOME": "the folder of data, keys and logs",
    "ANTIFRAUD_PORT": "the port of the service; the simulator takes the next one",
    "ANTIFRAUD_HOST": "the address the service listens on",
    "ANTIFRAUD_PUBLIC_URL": "the address under which banks and people reach the service",
    "ANTIFRAUD_ENVIRONMENT": "development, production or test",
    "ANTIFRAUD_CLOCK": "system or controlled",
    "ANTIFRAUD_APP_DATABASE_URL": "the database as the role of the running processes",
    "ANTIFRAUD_WEB_PROCESSES": "how many web processes",
    "ANTIFRAUD_WEB_THREADS": "how many threads in each web process",
    "ANTIFRAUD_METRICS_TOKEN": "the bearer token by which a monitor on another machine reads /metrics",
    "ANTIFRAUD_DEADMAN_URL": "the dead-man's switch: an address outside that is told each minute that all is well",
    "ANTIFRAUD_WORKERS": "how many worker processes",
    "ANTIFRAUD_STOP_SECONDS": "how long the processes may take to stop",
    "ANTIFRAUD_SEAM": "where a test kills this process; never in production",
}


class SettingsError(Exception):
    """A variable of the surroundings is wrong; the message names it and says what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the surroundings may choose. Build it with ``from_environment``; hand it down."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    environment: Environment = "development"
    clock: ClockKind = "system"
    # Not in the repr, which ends up in logs and tracebacks: each is, or holds, a secret.
    database_url: str | None = field(default=None, repr=False)
    app_database_url: str | None = field(default=None, repr=False)
    metrics_token: str | None = field(default=None, repr=False)
    deadman_url: str | None = field(default=None, repr=False)
    web_processes: int = 1
    web_threads: int = 256
    workers: int = 1
    stop_seconds: int = 10

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read ``DATABASE_URL`` and ``ANTIFRAUD_*``, each secret also from the file that ``<NAME>_FILE`` names.

        Where neither names a database, the one that a running ``antifraud run`` left in its home is taken, so that
        commands in another terminal reach the same system.

        Raises:
            SettingsError: A variable is unknown or wrong; the first one found is named, with what is allowed.
        """
        _refuse_unknown(environ)
        home = _home(environ)
        port = _number(environ, "ANTIFRAUD_PORT", 8000, 1, 65534)
        environment = _choice(environ, "ANTIFRAUD_ENVIRONMENT", "development", get_args(Environment))
        clock = _choice(environ, "ANTIFRAUD_CLOCK", "system", get_args(ClockKind))
        if environment == "production" and clock == "controlled":
            message = "ANTIFRAUD_CLOCK=controlled is for tests, drills and demonstrations, not for production"
            raise SettingsError(message)
        if environment == "production" and _text(environ, "ANTIFRAUD_SEAM"):
            message = "ANTIFRAUD_SEAM ends a process on purpose; it is for tests, not for production"
            raise SettingsError(message)
        return cls(
            home=home,
            host=_text(environ, "ANTIFRAUD_HOST") or "127.0.0.1",
            port=port,
            public_url=_public_url(environ, port, secure=environment == "production"),
            environment=cast("Environment", environment),
            clock=cast("ClockKind", clock),
            database_url=_database_url(environ, "DATABASE_URL", home),
            app_database_url=_app_database_url(environ, home),
            metrics_token=_metrics_token(environ),
            deadman_url=_deadman_url(environ),
            web_processes=_number(environ, "ANTIFRAUD_WEB_PROCESSES", 1, 1, 64),
            web_threads=_number(environ, "ANTIFRAUD_WEB_THREADS", 256, 2, 1024),
            workers=_number(environ, "ANTIFRAUD_WORKERS", 1, 1, 64),
            stop_seconds=_number(environ, "ANTIFRAUD_STOP_SECONDS", 10, 1, 600),
        )

    @property
    def clock_path(self) -> Path:
        """The file by which all processes share a controlled clock."""
        return self.home / "clock.json"

    @property
    def keys_path(self) -> Path:
        """The folder of keys and passwords: losing it loses the data."""
        return self.home / "keys"

    @property
    def logs_path(self) -> Path:
        """The folder of the processes' logs."""
        return self.home / "logs"

    @property
    def web_pool_size(self) -> int:
        """Connections that each web process keeps open; as many again may be opened for a burst.

        Most threads hold an open stream or wait for a client's next request, and the server computes on few cores: more
        connections than these only wait for each other.
        """
        return max(4, min(16, self.web_threads // 4))

    @property
    def simulator_port(self) -> int:
        """The simulator's port on loopback: the one after the service's."""
        return self.port + 1

    @property
    def simulator_url(self) -> str:
        """Where the simulated institutions listen."""
        return f"http://127.0.0.1:{self.simulator_port}"

    def build_clock(self) -> Clock:
        """Return the clock that every part of this process is to be handed."""
        return ControlledClock(self.clock_path) if self.clock == "controlled" else SystemClock()


def remembered_url_path(home: Path, variable: str) -> Path:
    """Return the file in which ``antifraud run`` leaves the database address it computed for ``variable``."""
    return home / "keys" / variable.removeprefix(_PREFIX).lower().replace("_", "-")


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {*_VARIABLES, *(f"{name}_FILE" for name in _SECRETS)}
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known:
            message = f"{name} is not a setting of antifraud; there are {', '.join(sorted(known))}"
            raise SettingsError(message)


def _text(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _home(environ: Mapping[str, str]) -> Path:
    given = _text(environ, "ANTIFRAUD_HOME")
    if given:
        return Path(given).expanduser().absolute()
    root = Path(__file__).resolve().parents[2]
    return (root if (root / "pyproject.toml").is_file() else Path.cwd()) / ".antifraud"


def _choice(environ: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = _text(environ, name) or default
    if value not in allowed:
        message = f"{name}={value} is not known; it may be {' or '.join(allowed)}"
        raise SettingsError(message)
    return value


def _number(environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = _text(environ, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
        message = f"{name}={text} is not right; {_VARIABLES[name]} must be a whole number from {lowest} to {highest}"
        raise SettingsError(message)
    return int(text)


def _public_url(environ: Mapping[str, str], port: int, *, secure: bool) -> str:
    name = "ANTIFRAUD_PUBLIC_URL"
    text = _text(environ, name)
    if text is None:
        if secure:
            message = f"{name} must be set in production: banks send their answers to it"
            raise SettingsError(message)
        return f"http://127.0.0.1:{port}"
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        message = f"{name}={text} is not right; it must be an address like https://centre.example"
        raise SettingsError(message)
    if secure and parts.scheme != "https":
        message = f"{name}={text} is not right; in production it must begin with https://"
        raise SettingsError(message)
    return text.rstrip("/")


def application_url(owner_url: str, password: str) -> str:
    """Return ``owner_url`` for the role of the running processes instead of the owner."""
    scheme, _, rest = owner_url.partition("://")
    authority, slash, place = rest.partition("/")
    server = authority.rpartition("@")[2]
    return f"{scheme}://{APPLICATION_ROLE}:{quote(password, safe='')}@{server}{slash}{place}"


def _app_database_url(environ: Mapping[str, str], home: Path) -> str | None:
    given = _database_url(environ, "ANTIFRAUD_APP_DATABASE_URL", home)
    owner = _database_url(environ, "DATABASE_URL", home)
    password = home / "keys" / "app-database-password"
    if given is None and owner is not None and password.is_file():
        return application_url(owner, password.read_text(encoding="ascii").strip())
    return given


def _database_url(environ: Mapping[str, str], name: str, home: Path) -> str | None:
    text = _secret(environ, name)
    if text is None:
        # An external database's application role is never guessed from what an embedded one left behind.
        if any(_text(environ, other) or _text(environ, f"{other}_FILE") for other in _DATABASES):
            return None
        remembered = remembered_url_path(home, name)
        text = remembered.read_text(encoding="utf-8").strip() if remembered.is_file() else None
    if text is None:
        return None
    scheme, separator, rest = text.partition("://")
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg"} or not separator or not rest:
        message = f"{name} must be an address like postgresql://user:password@host:5432/database"
        raise SettingsError(message)
    return f"postgresql+psycopg://{rest}"


def _metrics_token(environ: Mapping[str, str]) -> str | None:
    token = _secret(environ, "ANTIFRAUD_METRICS_TOKEN")
    if token is not None and not (len(token) >= _TOKEN_LENGTH and token.isascii() and token.isprintable()):
        message = f"ANTIFRAUD_METRICS_TOKEN must be a token of at least {_TOKEN_LENGTH} printable ASCII characters"
        raise SettingsError(message)
    return token


def _deadman_url(environ: Mapping[str, str]) -> str | None:
    url = _secret(environ, "ANTIFRAUD_DEADMAN_URL")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.fragment
        is_right = is_right and url.isascii() and url.isprintable() and (parts.port is None or parts.port > 0)
    except ValueError:  # of the port
        is_right = False
    if not is_right:
        # Not the address itself: who knows it can keep the alarm from ringing.
        message = "ANTIFRAUD_DEADMAN_URL must be an address like https://watch.example/ping/a-long-name"
        raise SettingsError(message)
    return url


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    direct, file_name = _text(environ, name), _text(environ, f"{name}_FILE")
    if direct and file_name:
        message = f"{name} and {name}_FILE are both set; set one of them"
        raise SettingsError(message)
    if not file_name:
        return direct
    try:
        content = Path(file_name).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{name}_FILE={file_name} cannot be read: {error.strerror}"
        raise SettingsError(message) from error
    if not content:
        message = f"{name}_FILE={file_name} is empty"
        raise SettingsError(message)
    return content
