"""What the reporter is told: one answer a report, kept word for word for a repeated key."""

from typing import Any
from uuid import UUID

from antifraud.cases.casefile import CaseFile
from antifraud.intake.facts import ReportFacts


def receipt(report_id: UUID, report_no: str, file: CaseFile, facts: ReportFacts, *, joined: bool) -> dict[str, Any]:
    """Return the answer to an accepted report: numbers, what was asked of whom, and what is still missing."""
    orders = [
        {
            "id": str(request.id),
            "kind": request.kind,
            "stage": request.stage,
            "institution": file.desk.accounts[hold.account_id].institution_code,
            "account": file.desk.accounts[hold.account_id].label,
        }
        for procedure in file.procedures.values()
        for request in procedure.state.requests.values()
        if (hold := procedure.state.holds[request.hold_id]).account_id in file.desk.accounts
    ]
    return {
        "report": {"id": str(report_id), "no": report_no},
        "case": {"id": str(file.id), "no": file.no, "joined": joined},
        "origin": facts.origin,
        "requests": orders,
        "waiting_for_a_person": sum(
            hold.state == "unconfirmed" for p in file.procedures.values() for hold in p.state.holds.values()
        ),
        "flags": [{"pointer": flag.pointer, "code": flag.code, "detail": flag.detail} for flag in facts.flags],
    }
