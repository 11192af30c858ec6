"""What is personal stands nowhere in the open: not in a column, not in a file, not in a log, not in an error (I12)."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.logs import configure
from antifraud.installation import Installation
from tests.factories.canaries import (
    FIELD,
    HOLDER,
    NARRATIVE,
    NEXT,
    NEXT_HOLDER,
    PHONE,
    REASON,
    UNKNOWN_BANK,
    UNKNOWN_NUMBER,
    VICTIM,
    everything_stored,
    report,
    seen,
)
from tests.factories.doorway import PATH, Doorway
from tests.factories.wire import Wire


@pytest.fixture
def wire(installation: Installation, drill: Centre, clock: FrozenClock) -> Iterator[Wire]:
    found = Wire(installation, drill, clock)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The product's own log, as its processes write it."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    configure("antifraud test")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_no_canary_stands_in_a_column_a_file_a_log_line_or_an_error(wire: Wire, log: io.StringIO) -> None:
    doorway = Doorway(wire.installation, wire.centre, wire.clock)
    told = doorway.accepted(report(wire.clock.now(), "1"))
    (request,) = told["requests"]
    errors = [doorway.post(report(wire.clock.now(), "2", **{FIELD: NARRATIVE})).text.replace(f"/{FIELD}", "")]
    errors += [
        doorway.post(body, key=key).text
        for key, body in (
            ("key-1", report(wire.clock.now(), "3")),
            (f"{PHONE}", report(wire.clock.now(), "1", narrative=NARRATIVE * 2)),
            ("x", json.dumps(report(wire.clock.now(), "4")).encode()[:-20]),
            ("y", report(wire.clock.now(), "5", victim={"name": VICTIM, "phone": [PHONE]})),
        )
    ]
    errors.append(doorway.post(report(wire.clock.now(), "6"), Authorization=f"Bearer {PHONE}").text)
    errors.append(doorway.app.test_client().get(f"{PATH}/{PHONE}").text)
    wire.round()
    moved = {"amount_minor": 1, "asset": "CNY"}
    wire.call_back(
        "SIM-HOP",
        request["id"],
        wire.answer(
            request["id"],
            "moved_on",
            reason=REASON,
            next=[
                {"institution": "SIM-PROMPT", "number": NEXT, "holder": NEXT_HOLDER, **moved},
                {"institution": UNKNOWN_BANK, "number": UNKNOWN_NUMBER, "holder": HOLDER, **moved},
            ],
        ),
    )
    wire.call_back(
        "SIM-HOP", request["id"], json.dumps({"message_id": "odd", "holder": HOLDER, FIELD: REASON}).encode()
    )
    wire.round()
    # A failure of ours with the whole report in its hands: stored, logged, and understood later.
    doorway.as_owner("REVOKE INSERT ON parties FROM antifraud_app")
    assert doorway.post(report(wire.clock.now(), "7", transfers=[])).status_code == 202
    doorway.as_owner("GRANT INSERT ON parties TO antifraud_app")

    assert len(wire.rows("SELECT 1 FROM requests")) >= 2
    assert not any(answer.startswith('{"case"') for answer in errors), errors
    hits: set[tuple[str, str]] = set()
    read = set()
    for table, found in everything_stored(wire.installation.settings.database_url or "", wire.centre):
        read.add(table)
        hits |= seen(table, found)
    assert read >= {
        "reports",
        "parties",
        "accounts",
        "transfers",
        "leads",
        "outbox",
        "replies",
        "entries",
        "idempotency",
    }
    home = wire.installation.settings.home
    for path in home.rglob("*"):
        if path.is_file() and home / "simulator" not in path.parents:
            hits |= seen(str(path), path.read_bytes().decode("utf-8", "replace"))
    assert "report_not_understood" in log.getvalue()
    hits |= seen("log", log.getvalue())
    for error in errors:
        hits |= seen("error", error)
    assert hits == set()
