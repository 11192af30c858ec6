"""Reports of invented people about accounts of the simulated banks, no account twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from antifraud.simulator.setup import INVENTED
from antifraud.simulator.temper import with_luhn

BINS: Final = {bank.code: bank.bins[0] for bank in INVENTED}


def report(number: int, banks: Sequence[str], at: datetime) -> dict[str, Any]:
    """Return report ``number`` of this system: one payment to a fresh account at each of the banks."""
    return {
        "source_ref": f"r-{number}",
        "channel": "110",
        "reported_at": at.isoformat(),
        "victim": {"name": "王小明", "phone": "13800138000"},
        "transfers": [
            {
                "from": {"institution": "ICBC", "number": "6222021234567890128", "holder": "王小明"},
                "to": {"institution": bank, "number": _account(bank, number * 10 + place), "holder": "李四"},
                "amount": 1_000_000 + number,
                "currency": "CNY",
                "at": at.isoformat(),
                "reference": f"REF{number}N{place}",
            }
            for place, bank in enumerate(banks)
        ],
    }


def stopped_at_once(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the accounts of a report that their banks stop as soon as they are asked."""
    payees = [transfer["to"] for transfer in document["transfers"]]
    return {(to["institution"], to["number"]) for to in payees if to["institution"] in {"SIM-PROMPT", "SIM-PART"}}


def _account(bank: str, ordinal: int) -> str:
    return with_luhn(f"{BINS[bank]}{ordinal:09d}")
