"""From an accepted report to the first byte at its bank, idle and beside a bank that hangs (B7, B12)."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from tests.bench.place import ROOT, Copy, Place, run_script

HANGING: Final = "SIM-MUTE"
BANKS: Final = ("SIM-PROMPT", "SIM-SLOW", "SIM-PART", "SIM-HOP", HANGING, "SIM-NO")
SETTLE_SECONDS: Final = 3.0
_Run: TypeAlias = Callable[[list[str], float], dict[str, Any]]


def idle(place: Place, *, seconds: float, pause: float = 0.05) -> dict[str, Any]:
    """Send a report every ``pause`` seconds to banks that answer at once."""
    with _running(place.copy("bench_wire"), hanging="none") as run:
        return run(["--banks=SIM-PROMPT", f"--pause={pause}"], seconds)


def hung(place: Place, *, seconds: float, pause: float = 0.05) -> dict[str, Any]:
    """Send reports to six banks in turn, one of which never answers; tell of the five others."""
    with _running(place.copy("bench_hung"), hanging=HANGING) as run:
        return run([f"--banks={','.join(BANKS)}", f"--pause={pause}"], seconds)


@contextmanager
def _running(copy: Copy, *, hanging: str) -> Iterator[_Run]:
    with copy.connect() as db:
        code = db.execute("SELECT id::text, code FROM institutions WHERE is_simulated").fetchall()
    with copy.web() as port, copy.worker(), _banks(copy, hanging) as arrived:

        def run(more: list[str], seconds: float) -> dict[str, Any]:
            common = [f"--port={port}", f"--token-file={copy.token_file}", "--clients=1"]
            post = ["tests/bench/client.py", *common]
            run_script([*post, "--mark=w", "--seconds=2", *more])
            sent = run_script([*post, "--mark=x", f"--seconds={seconds}", *more])
            time.sleep(SETTLE_SECONDS)
            with copy.connect() as db:
                banks = dict(db.execute("SELECT id::text, institution_id::text FROM outbox").fetchall())
            return _delays(sent, arrived(), banks, dict(code), hanging)

        yield run


@contextmanager
def _banks(copy: Copy, hanging: str) -> Iterator[Any]:
    command = [sys.executable, "-m", "tests.bench.bank", str(copy.settings.home), str(copy.settings.simulator_port)]
    with subprocess.Popen(
        [*command, hanging], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            message = "the banks did not start"
            raise RuntimeError(message)

        def arrived() -> dict[str, tuple[str, float]]:
            told, _ = process.communicate()
            found: dict[str, tuple[str, float]] = json.loads(told)
            return found

        try:
            yield arrived
        finally:
            process.kill()


def _delays(
    sent: dict[str, Any],
    arrived: dict[str, tuple[str, float]],
    banks: dict[str, str],
    codes: dict[str, str],
    hanging: str,
) -> dict[str, Any]:
    healthy = {order: at for order, at in sent["answered_at"].items() if codes[banks[order]] != hanging}
    delays = sorted((arrived[order][1] - at) * 1000 for order, at in healthy.items() if order in arrived)
    return {
        "sends": len(healthy),
        "started": len(delays),
        "p50_ms": delays[len(delays) // 2],
        "p99_ms": delays[len(delays) * 99 // 100],
        "max_ms": delays[-1],
        "intake_p50_ms": sent["p50_ms"],
    }
