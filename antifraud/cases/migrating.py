"""An open procedure moved to another version of its scheme: first told what changes, then asked, then approved."""

from uuid import UUID

from antifraud.cases import definitions
from antifraud.cases.casefile import CaseFile, Desk, Procedure
from antifraud.cases.messages import Mail
from antifraud.cases.service import save
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows import Definition
from workflows.events import DefinitionMigrated, MigrationAsked
from workflows.migrating import Plan, plan


def preview(work: Work, case_id: UUID, content_hash: str) -> dict[UUID, Plan]:
    """Return what a move of the case's open procedures to a stored definition would change now, by procedure.

    Raises:
        CaseNotFound: The centre has no such case.
        LookupError: No such definition is stored.
    """
    file = Desk(work).lock(case_id)
    target = definitions.by_hash(work.connection, content_hash)
    return {procedure.id: plan(procedure.state, target) for procedure in _movable(file, target)}


def ask(work: Work, mail: Mail, case_id: UUID, content_hash: str) -> CaseFile:
    """Ask another person to move the case's open procedures to a stored definition.

    Raises:
        InvalidValue: No procedure can go there; the message names what stands in the way.
        EventRefused: A move waits for approval already.
    """
    desk = Desk(work)
    file = desk.lock(case_id)
    target = definitions.by_hash(work.connection, content_hash)
    movable = _movable(file, target)
    for procedure in movable:
        _clear(plan(procedure.state, target))
        event = MigrationAsked(id=work.new_id(), at=work.now(), content_hash=content_hash, by=work.actor)
        file.apply(procedure.id, event)
    if not movable:
        raise InvalidValue(f"no open procedure of case {file.no} is under another version of {target.id}")
    save(desk, mail)
    return file


def approve(work: Work, mail: Mail, case_id: UUID, approval_id: UUID) -> CaseFile:
    """Approve a move as another person: what changes is counted now, recorded, and done in the same transaction.

    Raises:
        InvalidValue: Something that is open by now is unknown to the new definition.
        EventRefused: The same person asked.
        LookupError: No such approval waits.
    """
    desk = Desk(work)
    file = desk.lock(case_id)
    for procedure in list(file.procedures.values()):
        approval = procedure.state.approvals.get(approval_id)
        if approval is None or approval.reason is None:
            continue
        target = definitions.by_hash(work.connection, approval.reason)
        told = plan(procedure.state, target)
        _clear(told)
        event = DefinitionMigrated(
            id=work.new_id(),
            at=work.now(),
            approval_id=approval_id,
            content_hash=target.content_hash,
            by=work.actor,
            moved=tuple(moved for _, moved in told.moved),
        )
        file.apply(procedure.id, event)
        save(desk, mail)
        return file
    message = f"no move of case {file.no} waits for this approval"
    raise LookupError(message)


def _movable(file: CaseFile, target: Definition) -> list[Procedure]:
    return [
        procedure
        for procedure in file.procedures.values()
        if procedure.state.phase == "open"
        and procedure.definition.id == target.id
        and procedure.definition.content_hash != target.content_hash
    ]


def _clear(told: Plan) -> None:
    if told.obstacles:
        raise InvalidValue(f"{told.definition} does not know what is open: {'; '.join(told.obstacles)}")
