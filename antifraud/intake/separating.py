"""Undo a joining: a report that does not belong to its case gets a case of its own, and its own orders."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select, update

from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import parties
from antifraud.cases.service import save
from antifraud.cases.trail import receipts_of_report
from antifraud.intake.facts import ReportFacts
from antifraud.intake.models import reports
from antifraud.intake.money_in import MoneyIn
from antifraud.intake.service import open_case
from antifraud.intake.stored import StoredReport
from antifraud.work import Work
from workflows.state import LIVE_HOLDS

_REASON: Final = re.compile(r"[a-z][a-z0-9_]{2,39}", re.ASCII)


class CannotSeparate(Exception):
    """The report cannot be taken out of its case; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separated:
    """The case that the report was in, and the one that is now its own."""

    old: CaseFile
    new: CaseFile


def separate(
    work: Work, mail: Mail, stored: StoredReport, facts: ReportFacts, reason: str, *, currency: str
) -> Separated:
    """Give a joined report a case of its own; its accounts are asked under it, and the old case keeps its orders.

    The payment stays with the case that it was first reported in: in the new
    one the report's transfers are looked at without it.

    Args:
        work: The transaction; the caller commits.
        mail: How the centre's messages look.
        stored: The report as it came.
        facts: What it says.
        reason: A code such as `other_payment`; it goes to the log, so no free text.
        currency: The centre's own.

    Raises:
        CannotSeparate: It opened its case, it is in none, or money that it alone reported is being held there.
        ValueError: The reason is no code.
    """
    if not _REASON.fullmatch(reason):
        message = f"{reason!r} is not a code like other_payment: small letters, digits and _ (it goes to the log)"
        raise ValueError(message)
    desk = Desk(work)
    money_in = MoneyIn(
        desk, replace(facts, parties=()), report_id=stored.id, key=stored.key, currency=currency, apart=True
    )
    money_in.lock_accounts()
    row = work.connection.execute(select(reports.c.case_id).where(reports.c.id == stored.id).with_for_update()).one()
    if row.case_id is None:
        message = "this report is in no case yet"
        raise CannotSeparate(message)
    old = desk.lock(row.case_id)
    if old.row["key_id"] == stored.key.id:
        message = f"this report opened case {old.no}: take the others out of it instead"
        raise CannotSeparate(message)
    own = set(receipts_of_report(work, stored.id))
    if any(
        hold.receipt_id in own and hold.state in LIVE_HOLDS
        for procedure in old.procedures.values()
        for hold in procedure.state.holds.values()
    ):
        message = f"case {old.no} holds money that only this report told of: release or drop it first"
        raise CannotSeparate(message)
    new = open_case(desk, work.new_id(), stored.key, facts)
    money_in.begin(new)
    work.connection.execute(update(reports).where(reports.c.id == stored.id).values(case_id=new.id))
    work.connection.execute(update(parties).where(parties.c.report_id == stored.id).values(case_id=new.id))
    old.note("ReportSeparated", {"report_id": str(stored.id), "case_id": str(new.id), "reason": reason})
    new.note(
        "ReportAccepted",
        {
            "report_id": str(stored.id),
            "source_id": str(stored.source.id),
            "origin": facts.origin,
            "commitment": hashlib.sha256(stored.salted).hexdigest(),
            "joined": False,
            "separated_from": str(old.id),
        },
    )
    money_in.enter(new, stored.source, joined=False)
    save(desk, mail)
    return Separated(old=old, new=new)
