"""What is personal stands nowhere in the open: not in a column, not in a file, not in a log, not in an error (I12)."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import structlog
from psycopg import sql
from sqlalchemy.engine import make_url

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.logs import configure
from antifraud.installation import Installation
from tests.factories.doorway import PATH, Doorway
from tests.factories.wire import Wire, number_of

VICTIM, REPORTER, HOLDER, NEXT_HOLDER, OFFICER = "卡纳瑞甲", "卡纳瑞乙", "卡纳瑞丙", "卡纳瑞丁", "Canary-Officer-7311"
ID_NO, PHONE, REPORTER_PHONE = "110105194912310029", "13900731173", "+8613900731174"
VICTIM_ACCOUNT, REFERENCE = "6222027311731173117", "CANARYREF7311"
NARRATIVE, NOTE, PLACE = "canary-narrative-7311", "canary-note-7311", "canary-place-7311"
BASIS, DOCUMENT, REASON = "canary-basis-7311", "canary-document-7311", "canary-reason-7311"
RELATION, CHANNEL, FRAUD_TYPE, KIND = "Canary Relation 7311", "canary channel 7311", "Canary Type 7311", "Canary Kind"
FIELD = "canary-field-7311"
PAYEE, NEXT = number_of("SIM-HOP", 731_173), number_of("SIM-PROMPT", 731_174)
UNKNOWN_BANK, UNKNOWN_NUMBER = "卡纳瑞银行", "6222027311731173118"
CANARIES = (
    VICTIM, REPORTER, HOLDER, NEXT_HOLDER, OFFICER, ID_NO, PHONE, REPORTER_PHONE[3:], VICTIM_ACCOUNT, REFERENCE,
    NARRATIVE, NOTE, PLACE, BASIS, DOCUMENT, REASON, RELATION, CHANNEL, FRAUD_TYPE, KIND, FIELD, PAYEE, NEXT,
    UNKNOWN_BANK, UNKNOWN_NUMBER,
)  # fmt: skip


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
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def report(doorway: Doorway, ref: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a report
    line = {
        "from": {"institution": "ICBC", "number": VICTIM_ACCOUNT, "holder": VICTIM},
        "to": {"institution": "SIM-HOP", "number": PAYEE, "holder": HOLDER, "kind": KIND},
        "amount": 4_200_000,
        "currency": "CNY",
        "at": doorway.clock.now().isoformat(),
        "reference": REFERENCE,
        "note": NOTE,
    }
    lost = {
        "to": {"institution": UNKNOWN_BANK, "number": UNKNOWN_NUMBER, "holder": HOLDER},
        "amount": 1,
        "currency": "CNY",
    }
    return {
        "source_ref": f"{REFERENCE}-{ref}",
        "channel": CHANNEL,
        "fraud_type": FRAUD_TYPE,
        "narrative": NARRATIVE,
        "place": PLACE,
        "reported_at": doorway.clock.now().isoformat(),
        "victim": {"name": VICTIM, "id_no": ID_NO, "phone": PHONE},
        "reporter": {"name": REPORTER, "phone": REPORTER_PHONE, "relation": RELATION},
        "authority": {"name": "反诈中心", "officer": OFFICER, "basis": BASIS, "documents": [DOCUMENT]},
        "transfers": [line, lost],
        **changes,
    }


def everything_stored(wire: Wire) -> Iterator[tuple[str, str]]:
    """Yield every value of every row that the owner of the tables sees of the centre, as text."""
    url = make_url(wire.installation.settings.database_url or "").set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("SELECT set_config('antifraud.centre', %s, false)", (str(wire.centre.id),))
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        for (table,) in tables:
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))):
                for value in row:
                    for plain in value if isinstance(value, list) else [value]:
                        yield table, as_text(plain)


def as_text(value: object) -> str:
    """Return a value as a reader of a dump sees it: bytes both in hex and as what they spell."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "ignore") + value.hex()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def seen(place: str, found: str) -> set[tuple[str, str]]:
    """Return the canaries of a text, also as the hex of their bytes."""
    return {(place, canary) for canary in CANARIES if canary in found or canary.encode().hex() in found}


def test_no_canary_stands_in_a_column_a_file_a_log_line_or_an_error(wire: Wire, log: io.StringIO) -> None:
    doorway = Doorway(wire.installation, wire.centre, wire.clock)
    told = doorway.accepted(report(doorway, "1"))
    (request,) = told["requests"]
    errors = [doorway.post(report(doorway, "2", **{FIELD: NARRATIVE})).text.replace(f"/{FIELD}", "")]
    errors += [
        doorway.post(body, key=key).text
        for key, body in (
            ("key-1", report(doorway, "3")),
            (f"{PHONE}", report(doorway, "1", narrative=NARRATIVE * 2)),
            ("x", json.dumps(report(doorway, "4")).encode()[:-20]),
            ("y", report(doorway, "5", victim={"name": VICTIM, "phone": [PHONE]})),
        )
    ]
    errors.append(doorway.post(report(doorway, "6"), Authorization=f"Bearer {PHONE}").text)
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
    assert doorway.post(report(doorway, "7", transfers=[])).status_code == 202
    doorway.as_owner("GRANT INSERT ON parties TO antifraud_app")

    assert len(wire.rows("SELECT 1 FROM requests")) >= 2
    assert not any(answer.startswith('{"case"') for answer in errors), errors
    hits: set[tuple[str, str]] = set()
    read = set()
    for table, found in everything_stored(wire):
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
