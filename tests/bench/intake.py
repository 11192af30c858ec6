"""What one report costs, by HTTP through all that ships, beside what its rows alone cost (B1 to B3)."""

import json
from typing import Any, Final

from tests.bench import limit
from tests.bench.place import Copy, Place, drill_of, run_script
from tests.factories import reports

CLIENTS: Final = (1, 8)
_CLIENT: Final = "tests/bench/client.py"


def measure(place: Place, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Return rates per round, interleaved: the limit, the service, and the service without its log."""
    bare, served = place.copy("bench_limit"), place.copy("bench_intake")
    script = place.folder / "report.sql"
    rows = _write_script(bare, script)
    found: dict[str, Any] = {"rows of one report": rows, "rounds": []}
    with served.web() as port, served.web(module="tests.bench.unchained") as unchained:
        for warm in (port, unchained):
            _post(served, warm, f"warm{warm}", clients=4, seconds=min(2.0, seconds))
        for number in range(rounds):
            each: dict[str, Any] = {}
            for clients in CLIENTS:
                each[f"pgbench {clients}"] = limit.run(bare, script, clients=clients, seconds=seconds)
                each[f"intake {clients}"] = _post(
                    served, port, f"i{number}.{clients}", clients=clients, seconds=seconds
                )
            each["unchained 8"] = _post(served, unchained, f"u{number}", clients=8, seconds=seconds)
            # Once more beside it: the two that B3 compares must not lie far apart in time.
            each["chained 8"] = _post(served, port, f"c{number}", clients=8, seconds=seconds)
            found["rounds"].append(each)
    return found


def _write_script(bare: Copy, script: Any) -> dict[str, int]:  # noqa: ANN401 - a path
    with bare.installation() as installation, bare.connect() as connection:
        drill, now = drill_of(installation), installation.clock.now()
        before = limit.rows_per_table(connection)
        answer = reports.submit(installation, drill, reports.report(now))
        if json.loads(answer.body)["waiting_for_a_person"]:
            message = "the report of the benchmark leaves no order"
            raise RuntimeError(message)
        return limit.write_script(connection, before, script)


def _post(copy: Copy, port: int, mark: str, *, clients: int, seconds: float) -> dict[str, Any]:
    told: dict[str, Any] = run_script(
        [
            _CLIENT,
            f"--port={port}",
            f"--token-file={copy.token_file}",
            f"--mark={mark}",
            f"--clients={clients}",
            f"--seconds={seconds}",
        ]
    )
    if told["refused"]:
        message = f"{told['refused']} reports were refused"
        raise RuntimeError(message)
    return told
