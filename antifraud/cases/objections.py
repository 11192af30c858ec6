"""Objections against a hold: received from whoever the scheme lets object, and decided, whole or in part."""

from uuid import UUID

from antifraud.cases.acts import act_in
from antifraud.cases.casefile import CaseFile
from antifraud.cases.messages import Mail
from antifraud.work import Work
from workflows.events import AppealDecided, AppealReceived


def receive_appeal(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, *, side: str | None = None) -> CaseFile:
    """Record that the account's holder objected, or another ``side`` that the definition lists."""
    appeal_id = work.new_id()
    return act_in(
        work,
        mail,
        case_id,
        hold_id,
        lambda _, known: AppealReceived(**known, hold_id=hold_id, appeal_id=appeal_id, side=side),
    )


def decide_appeal(
    work: Work, mail: Mail, case_id: UUID, appeal_id: UUID, *, upheld: bool, keep_minor: int | None = None
) -> CaseFile:
    """Decide an objection; an upheld one releases the hold, or all but ``keep_minor`` where the scheme has parts.

    Raises:
        EventRefused: The scheme releases whole holds only, or what stays is not less than what is held.
    """
    return act_in(
        work,
        mail,
        case_id,
        appeal_id,
        lambda _, known: AppealDecided(
            **known, appeal_id=appeal_id, by=work.actor, upheld=upheld, keep_minor=keep_minor
        ),
    )
