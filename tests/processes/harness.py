"""A whole system for one test: its own database and home, real processes, real HTTP, and a ledger that is not ours.

Faults are real: SIGKILL, SIGSTOP, a server that dies. What then must hold is `System.assert_sound`: everything
acknowledged is there, everything the banks did was asked for once, and `antifraud verify` finds nothing.
"""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from antifraud.auth.service import Centre
from antifraud.foundation.clock import ControlledClock
from antifraud.foundation.settings import Settings
from antifraud.founding import prepare
from antifraud.installation import Installation
from tests.processes.invented import report, stopped_at_once
from tests.processes.procs import Running, Spawner, two_free_ports, wait_for

READY_SECONDS: Final = 40.0
QUIET_SECONDS: Final = 40.0
LEASE: Final = timedelta(seconds=61)
"""Longer than a dead sender's claim lasts; also longer than any pause between two attempts."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


@dataclass
class System:
    """The processes of one installation and what is known from outside about them."""

    settings: Settings
    spawner: Spawner
    folder: Path
    web_threads: int = 16
    running: dict[str, Running] = field(default_factory=dict)
    acked: dict[str, bytes] = field(default_factory=dict)
    must_stop: set[tuple[str, str]] = field(default_factory=set)
    refusals: list[Response] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    surroundings: dict[str, str] = field(default_factory=dict)
    _reports: int = 0
    _logs: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.clock = ControlledClock(self.settings.clock_path)
        self.installation = Installation.open(self.settings, pool_size=2, process="antifraud test")
        self.drill: Centre = next(one for one in self.installation.centres() if one.code == "drill")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in self.running.values():
            one.kill()
        self.installation.database.close()
        if kind is not None:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-6000:]}")  # noqa: T201 - pytest shows it

    def environ(self, **more: str) -> dict[str, str]:
        settings = self.settings
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DATABASE_URL": settings.database_url or "",
            "ANTIFRAUD_APP_DATABASE_URL": settings.app_database_url or "",
            "ANTIFRAUD_HOME": str(settings.home),
            "ANTIFRAUD_PORT": str(settings.port),
            "ANTIFRAUD_ENVIRONMENT": settings.environment,
            "ANTIFRAUD_CLOCK": settings.clock,
            "ANTIFRAUD_WEB_THREADS": str(self.web_threads),
            **self.surroundings,
            **more,
        }

    def start(self, *names: str, **armed: str) -> None:
        """Start processes side by side (`worker-2` is a second worker) and wait until each is at work.

        `armed` names processes that die at a seam: `web="intake.written"`.
        """
        for name in (*names, *armed):
            self.launch(name, armed.get(name))
        self.wait_until_ready(*names, *armed)

    def launch(self, name: str, seam: str | None = None) -> None:
        """Start one process and do not wait for it."""
        log = self._log(name)
        environ = self.environ(**{"ANTIFRAUD_SEAM": seam} if seam else {})
        self.running[name] = Running(name, self.spawner.start([kind_of(name)], environ, log), self.spawner, log)

    def wait_until_ready(self, *names: str) -> None:
        """Wait until each of the processes is at work."""
        for name in names:
            wait_for(f"{name} is ready", partial(self._is_ready, name), READY_SECONDS)

    def _log(self, name: str) -> Path:
        with self._lock:
            self._logs += 1
            path = self.folder / f"{self._logs:03d}.{name}.log"
        path.touch()
        return path

    def _is_ready(self, name: str) -> bool:
        one = self.running[name]
        assert not one.ended(), f"{name} ended with {one.code()}: {one.words()[-2000:]}"
        if name.startswith("worker"):
            return "worker_started" in one.words()
        if name.startswith("auditor"):
            return "auditor_started" in one.words()
        port, path = (self.settings.port, "/livez") if name == "web" else (self.settings.simulator_port, "/healthz")
        try:
            return self.request("GET", path, port=port).status == 200
        except OSError:
            return False

    def kill(self, name: str) -> None:
        self.running.pop(name).kill()
        self.kills[kind_of(name)] += 1

    def stop(self, name: str, seconds: float = 10) -> float:
        """SIGTERM; return how long it took to go."""
        return self.running.pop(name).stop(seconds)

    def died_at_seam(self, name: str) -> bool:
        """Whether the process, or the one of its children that does the work, was killed by the seam."""
        one = self.running[name]
        return one.code() == -signal.SIGKILL or "SIGKILL" in one.words()

    def run(self, *arguments: str, seconds: float = 60, environ: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run one command to its end; return its exit code and what it said."""
        log = self._log("command")
        one = Running(
            arguments[0], self.spawner.start(list(arguments), self.environ(**(environ or {})), log), self.spawner, log
        )
        wait_for(f"antifraud {' '.join(arguments)} ended", one.ended, seconds)
        return one.code() or 0, one.words()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        port: int | None = None,
    ) -> Response:
        """One exchange.

        Raises:
            OSError: No whole answer came.
        """
        connection = http.client.HTTPConnection("127.0.0.1", port or self.settings.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            found = connection.getresponse()
            return Response(found.status, dict(found.headers), found.read())
        except http.client.HTTPException as error:
            raise ConnectionError(type(error).__name__) from error
        finally:
            connection.close()

    def document(self, *banks: str) -> dict[str, Any]:
        """Return a report of one fresh account at each of the banks."""
        with self._lock:
            self._reports += 1
            number = self._reports
        return report(number, banks, self.clock.now())

    def post(self, document: Mapping[str, Any], source: str = "110") -> Response:
        token = (self.settings.home / "tokens" / f"drill.{source}").read_text().strip()
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"key-{document['source_ref']}",
        }
        return self.request("POST", "/api/v1/reports", json.dumps(document).encode(), headers)

    def submit(self, document: Mapping[str, Any], seconds: float = 60) -> int:
        """Send a report as a careful client does: again under the same key until it is acknowledged.

        Return how many tries it took. An answer that differs from an earlier one fails.
        """
        ends, tries = time.monotonic() + seconds, 0
        while True:
            tries += 1
            try:
                answer = self.post(document)
            except OSError:
                answer = None
            if answer is not None and answer.status in {200, 201, 202}:
                break
            assert answer is None or answer.status in {409, 503}, (answer.status, answer.body)
            if answer is not None:
                self.refusals.append(answer)
            assert time.monotonic() < ends, f"not acknowledged after {tries} tries"
            time.sleep(0.05)
        with self._lock:
            before = self.acked.setdefault(document["source_ref"], answer.body)
            self.must_stop |= stopped_at_once(document)
        assert before == answer.body
        return tries

    def script(self, document: Mapping[str, Any], **how: object) -> None:
        """Say how the accounts of a report behave at their banks."""
        accounts = [
            {
                "institution": transfer["to"]["institution"],
                "number": transfer["to"]["number"],
                "balance_minor": transfer["amount"],
                "asset": "CNY",
                **how,
            }
            for transfer in document["transfers"]
        ]
        self.admin("POST", "/admin/accounts", accounts)

    def admin(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
        token = (self.settings.home / "simulator" / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document).encode()
        answer = self.request(method, path, body, headers, port=self.settings.simulator_port)
        assert answer.status == 200, answer.body
        return answer.json()

    def rows(self, query: str, **values: object) -> list[Any]:
        """Read as the drill centre."""
        with self.installation.database.begin(self.drill.id) as connection:
            return list(connection.execute(text(query), values))

    def one(self, query: str, **values: object) -> Any:  # noqa: ANN401 - whatever the column holds
        return self.rows(query, **values)[0][0]

    def unrest(self) -> dict[str, int]:
        """Return what still has to happen by itself at this instant."""
        found = self.rows(
            """SELECT (SELECT count(*) FROM outbox WHERE state IN (0, 1) AND channel = 'push'),
                      (SELECT count(*) FROM replies WHERE state = 'stored'),
                      (SELECT count(*) FROM reports WHERE state = 'stored'),
                      (SELECT count(*) FROM deadlines WHERE state = 'running' AND due_at <= :now)""",
            now=self.clock.now(),
        )[0]
        names = ("messages", "replies", "reports", "deadlines", "answers owed")
        return {name: count for name, count in zip(names, (*found, self._owed()), strict=True) if count}

    def _owed(self) -> int:
        """Return how many answers the banks have and did not get rid of; none while they are not there."""
        now = self.clock.now()
        try:
            taken = self.admin("GET", "/admin/state")["requests"]
        except ConnectionRefusedError:
            return 0
        return sum(
            not one["is_delivered"]
            and (one["is_answered"] or (one["due_at"] is not None and datetime.fromisoformat(one["due_at"]) <= now))
            for one in taken
        )

    def settle(self, seconds: float = QUIET_SECONDS) -> float:
        """Let leases and pauses of the dead end, and wait until nothing is left to do; return how long it took."""
        if self.one("SELECT count(*) FROM outbox WHERE state IN (0, 1)"):
            self.clock.advance(LEASE)
        left: dict[str, int] = {}

        def is_quiet() -> bool:
            left.clear()
            left.update(self.unrest())
            return not left

        try:
            return wait_for("the system is quiet", is_quiet, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; left: {left}") from error

    def ledger(self) -> list[dict[str, Any]]:
        """Return what the banks themselves say they did."""
        path = self.settings.home / "simulator" / "ledger.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def assert_sound(self) -> None:
        """Nothing acknowledged is lost, nothing is there twice, and every effect was asked for and happened once."""
        stored = {row.no for row in self.rows("SELECT no FROM reports")}
        acked = {json.loads(body)["report"]["no"] for body in self.acked.values()}
        assert acked - stored == set(), "acknowledged and lost"
        assert stored - acked == set(), "stored twice, or never acknowledged"
        assert self.one("SELECT count(*) FROM cases") == len(acked)

        did = [line for line in self.ledger() if line["effect"] in {"stop", "second_stop", "supplement", "freeze"}]
        by_key = Counter((line["bank"], line["key"]) for line in did)
        assert {key: count for key, count in by_key.items() if count > 1} == {}, "an order took effect twice"
        by_account = Counter((line["bank"], line["number"]) for line in did if line["effect"] == "stop")
        assert {key: count for key, count in by_account.items() if count > 1} == {}, "an account was stopped twice"
        assert self.must_stop - by_account.keys() == set(), "an order that never took effect"
        asked = {str(row.id) for row in self.rows("SELECT id FROM requests")}
        assert {key for _, key in by_key} <= asked, "an effect that nobody asked for"
        held = {
            str(row.id)
            for row in self.rows("SELECT id FROM requests WHERE kind = 'stop' AND outcome IN ('full', 'partial')")
        }
        assert held <= {key for _, key in by_key}, "said to be stopped, and the bank knows nothing of it"

    def assert_verified(self) -> None:
        code, said = self.run("verify")
        assert code == 0, said

    @contextmanager
    def killing(self, names: Sequence[str], seed: int, every: float, most: int) -> Iterator[None]:
        """Kill -9 one of the processes after another at random instants, each started again at once, meanwhile.

        After `most` kills they live: where starting takes longer than the next kill, nothing would ever be done.
        """
        dice, stop = random.Random(seed), threading.Event()

        def go() -> None:
            for _ in range(most):
                if stop.wait(dice.uniform(0.4, 1.6) * every):
                    break
                name = dice.choice(names)
                self.kill(name)
                self.launch(name)

        with ThreadPoolExecutor(1) as pool:
            killer = pool.submit(go)
            try:
                yield
            finally:
                stop.set()
            killer.result()
        self.wait_until_ready(*names)

    def send_stream(self, documents: Sequence[Mapping[str, Any]], *, clients: int, pause: float) -> list[int]:
        """Send reports by several clients side by side, a pause between two of each; return the tries of each report.

        The pause is what makes it a stream: something must go on while processes die.
        """

        def one_client(own: Sequence[Mapping[str, Any]]) -> list[int]:
            tries = []
            for document in own:
                tries.append(self.submit(document))
                time.sleep(pause)
            return tries

        with ThreadPoolExecutor(clients) as pool:
            shares = [pool.submit(one_client, documents[first::clients]) for first in range(clients)]
            return [tries for share in shares for tries in share.result()]


def kind_of(name: str) -> str:
    """Return the command of a process: `worker-2` is a worker."""
    return name.partition("-")[0]


@contextmanager
def system(settings: Settings, spawner: Spawner, folder: Path) -> Iterator[System]:
    """Prepare an installation on a prepared database for ports of its own; its processes end with the block."""
    port = two_free_ports()
    settings = replace(settings, port=port, public_url=f"http://127.0.0.1:{port}", clock="controlled")
    logs = folder / "system-logs"
    logs.mkdir()
    prepare(settings, settings.build_clock(), lambda _: None)
    with System(settings, spawner, logs) as made:
        yield made
    _wait_for_the_server(settings)


def _wait_for_the_server(settings: Settings) -> None:
    """Wait until the server noticed that its clients are dead: a database in use is not dropped."""
    owner = make_url(settings.database_url or "")
    elsewhere = owner.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        wait_for(
            "nobody uses the database",
            lambda: connection.execute(query, [owner.database]).fetchone() == (0,),
            10,
        )
