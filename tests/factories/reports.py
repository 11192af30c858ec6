"""Fraud reports as a source would send them, and the door that takes them."""

import json
from datetime import datetime
from typing import Any

from antifraud.auth.service import Centre, Source, source_by_code
from antifraud.installation import Installation
from antifraud.intake.answers import Answer, Submission
from antifraud.intake.door import Door

PROMPT_ACCOUNT = "9991010000000018"


def door(installation: Installation) -> Door:
    """Return the door of an installation."""
    centres = {centre.id: centre for centre in installation.centres()}
    return Door(
        database=installation.database,
        clock=installation.clock,
        vault=installation.vault,
        mails={centre.id: installation.mail(centre) for centre in centres.values()},
        centres=centres,
    )


def transfer(at: datetime, **changes: object) -> dict[str, Any]:
    """Return one transfer of ¥42,000.00 to an account of the prompt simulated bank."""
    return {
        "from": {"institution": "ICBC", "number": "6222021234567890128", "holder": "王小明"},
        "to": {"institution": "SIM-PROMPT", "number": PROMPT_ACCOUNT, "holder": "李四"},
        "amount": 4_200_000,
        "currency": "CNY",
        "at": at.isoformat(),
        "reference": "20261124A0001",
        **changes,
    }


def report(
    at: datetime, *, source_ref: str = "110-1", transfers: list[dict[str, Any]] | None = None, **changes: object
) -> dict[str, Any]:
    """Return a native report made at ``at``."""
    return {
        "source_ref": source_ref,
        "channel": "110",
        "reported_at": at.isoformat(),
        "victim": {"name": "王小明", "phone": "13800138000"},
        "transfers": [transfer(at)] if transfers is None else transfers,
        **changes,
    }


def source(installation: Installation, centre: Centre, code: str = "110") -> Source:
    """Return a source of the centre as its token would give it."""
    return source_by_code(installation.database, centre.id, code)


def submit(
    installation: Installation,
    centre: Centre,
    document: dict[str, Any],
    *,
    key: str | None = None,
    source_code: str = "110",
) -> Answer:
    """Submit a report by the door, under a key of its own."""
    return door(installation).submit(
        Submission(
            source=source(installation, centre, source_code),
            key=key or f"key-{document['source_ref']}",
            raw=json.dumps(document).encode(),
            profile="native",
        )
    )
