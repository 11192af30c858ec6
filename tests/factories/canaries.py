"""Strings that belong in no log, file, column or error: one in each place of a report that can hold a person's data."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from antifraud.auth.service import Centre
from tests.factories.wire import number_of

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


def report(now: datetime, ref: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a report
    """Return a report with a canary in every member that can hold something personal."""
    line = {
        "from": {"institution": "ICBC", "number": VICTIM_ACCOUNT, "holder": VICTIM},
        "to": {"institution": "SIM-HOP", "number": PAYEE, "holder": HOLDER, "kind": KIND},
        "amount": 4_200_000,
        "currency": "CNY",
        "at": now.isoformat(),
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
        "reported_at": now.isoformat(),
        "victim": {"name": VICTIM, "id_no": ID_NO, "phone": PHONE},
        "reporter": {"name": REPORTER, "phone": REPORTER_PHONE, "relation": RELATION},
        "authority": {"name": "反诈中心", "officer": OFFICER, "basis": BASIS, "documents": [DOCUMENT]},
        "transfers": [line, lost],
        **changes,
    }


def everything_stored(owner_url: str, centre: Centre) -> Iterator[tuple[str, str]]:
    """Yield every value of every row that the owner of the tables sees of the centre, as text."""
    url = make_url(owner_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("SELECT set_config('antifraud.centre', %s, false)", (str(centre.id),))
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
