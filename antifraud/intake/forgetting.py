"""Forget a report: destroy the key under which its personal data lies; every proof over the record stays."""

import re
from typing import Final

from sqlalchemy import select, update

from antifraud.audit.service import Happening, append_to_area
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import leads, parties
from antifraud.cases.service import save
from antifraud.intake.models import reports
from antifraud.vault.models import data_keys
from antifraud.work import Work

_REASON: Final = re.compile(r"[a-z][a-z0-9_]{2,39}", re.ASCII)


class UnknownReport(LookupError):
    """The centre has no report of that number."""


class CaseStillOpen(Exception):
    """The orders of an open case need what is to be forgotten: close the case first."""


def forget(work: Work, mail: Mail, report_no: str, reason: str) -> bool:
    """Destroy the data key of a report and the look-up of its people; return False if that was done before.

    What was reported, by whom, and the bytes that were sent for it cannot be
    read again by anyone. Accounts stay: other cases share them. The log keeps
    its salted commitment, whose salt lay under the key.

    Args:
        work: The transaction; the caller commits.
        mail: How the centre's messages look (writing a case asks for it; nothing is sent).
        report_no: As the reporter was told it.
        reason: A code such as `retention_over`; it goes to the log, so no free text.

    Raises:
        UnknownReport: There is none of that number.
        CaseStillOpen: The case was opened by this report and its procedures still run.
        ValueError: The reason is no code.
    """
    if not _REASON.fullmatch(reason):
        message = f"{reason!r} is not a code like retention_over: small letters, digits and _ (it goes to the log)"
        raise ValueError(message)
    connection = work.connection
    report = connection.execute(select(reports).where(reports.c.no == report_no)).one_or_none()
    if report is None:
        message = f"there is no report {report_no}"
        raise UnknownReport(message)
    desk = Desk(work)
    file = desk.lock(report.case_id) if report.case_id else None
    if connection.scalar(select(data_keys.c.destroyed_at).where(data_keys.c.id == report.key_id)) is not None:
        return False
    if file is not None and file.row["key_id"] == report.key_id and _is_open(file):
        message = f"case {file.no} is open and its orders need the report: close the case first"
        raise CaseStillOpen(message)
    work.vault.destroy(connection, report.key_id, work.now())
    connection.execute(
        update(parties)
        .where(parties.c.key_id == report.key_id)
        .values(name_grams=[], document_hash=None, phone_hash=None, phone_last4_hash=None)
    )
    connection.execute(update(leads).where(leads.c.key_id == report.key_id).values(facts_hash=None))
    payload = {"report_id": str(report.id), "key_id": str(report.key_id), "reason": reason}
    if file is not None:
        file.note("ReportForgotten", payload)
        save(desk, mail)
    else:
        happening = Happening(id=work.new_id(), at=work.now(), kind="ReportForgotten", payload=payload)
        append_to_area(work, "admin", [happening])
    return True


def _is_open(file: CaseFile) -> bool:
    return any(procedure.state.phase != "closed" for procedure in file.procedures.values())
