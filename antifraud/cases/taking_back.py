"""What the centre takes back: a wrong account of its own, a verified withdrawal, a release in doubt."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update

from antifraud.cases.acts import act_in, crossed, name_account, reason_code
from antifraud.cases.casefile import CaseFile
from antifraud.cases.messages import Mail
from antifraud.cases.models import transfers
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows import Claim
from workflows.events import ClaimCorrected, ReleaseDecided, WithdrawalVerified


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The right account, by its institution and number; `reason` is a code."""

    institution: str
    account: str
    reason: str = "wrong_account"


def correct_account(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, correction: Correction) -> CaseFile:
    """Put the right account in the place of a wrong one that the centre entered: one release, one new request.

    Raises:
        InvalidValue: The institution or the number cannot be used, or the case has no such hold.
        EventRefused: The hold is over, or the right account is the same or claimed already.
    """
    reason = reason_code(correction.reason, "wrong_account")
    named = name_account(work, institution=correction.institution, account=correction.account)

    def corrected(file: CaseFile, known: dict[str, Any]) -> ClaimCorrected:
        wrong = file.hold(hold_id)
        if wrong is None:
            raise InvalidValue(f"case {file.no} has no hold {hold_id}")
        if wrong.receipt_id is not None:
            # The money went to the right account. What was said stays in the report's own bytes; the log names both.
            work.connection.execute(
                update(transfers).where(transfers.c.id == wrong.receipt_id).values(payee_account_id=named.account_id)
            )
        claim = Claim(
            hold_id=work.new_id(),
            account_id=named.account_id,
            institution_id=named.institution_id,
            lead_id=None,
            receipt_id=wrong.receipt_id,
            tier=wrong.tier,
            amount_minor=wrong.traced_minor,
            asset=wrong.asset,
            paid_at=wrong.paid_at,
            since=work.now(),
            doubts=named.doubts,
            agreed_answer=named.agreed_answer,
            cross_border=crossed(work, wrong, named.country),
        )
        return ClaimCorrected(**known, hold_id=hold_id, claim=claim, by=work.actor, reason=reason)

    return act_in(work, mail, case_id, hold_id, corrected)


def verify_withdrawal(work: Work, mail: Mail, case_id: UUID, withdrawal_id: UUID) -> CaseFile:
    """Say that the reporter's side was spoken with and means it; another person decides then."""
    return act_in(
        work,
        mail,
        case_id,
        withdrawal_id,
        lambda _, known: WithdrawalVerified(**known, withdrawal_id=withdrawal_id, by=work.actor),
    )


def decide_release(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, *, go: bool) -> CaseFile:
    """Decide about a release that was held back because other cases claim money on its account."""
    return act_in(
        work, mail, case_id, hold_id, lambda _, known: ReleaseDecided(**known, hold_id=hold_id, by=work.actor, go=go)
    )
