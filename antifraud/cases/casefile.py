"""Cases under lock: events are folded in memory on a desk, then everything is written at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from antifraud.audit.rules import GENESIS
from antifraud.audit.service import Happening
from antifraud.banks.queries import Institution, by_id
from antifraud.cases import definitions
from antifraud.cases.accounts import AccountCard, ReceiptCard, cards_of, receipts_of
from antifraud.cases.models import cases
from antifraud.foundation.db import ask
from antifraud.foundation.ids import check_character
from antifraud.vault.service import DataKey
from antifraud.work import Work
from workflows import (
    AnyEvent,
    Definition,
    ProcedureState,
    Projection,
    advance,
    as_recorded,
    derived_id,
    event_to_json,
    project,
    state_from_json,
)
from workflows.events import ChannelMissing, DefinitionMigrated, ProcedureOpened
from workflows.state import Hold, Request


class CaseNotFound(LookupError):
    """The centre has no such case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A case under one definition, as it stands in this transaction."""

    id: UUID
    definition: Definition
    state: ProcedureState
    opened_at: datetime
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event that changed a procedure, and what it asks to be written."""

    file: "CaseFile"
    procedure_id: UUID
    event: AnyEvent
    projection: Projection


class CaseFile:
    """One case that this transaction alone may change."""

    def __init__(self, desk: "Desk", row: dict[str, Any], *, is_new: bool) -> None:
        self.desk = desk
        self.row = row
        self.is_new = is_new
        self.id: UUID = row["id"]
        self.no: str = row["no"]
        self.procedures: dict[UUID, Procedure] = {}
        self.happenings: list[Happening] = []

    def open_procedure(self, definition: Definition) -> UUID:
        """Open a procedure under ``definition``; return its id."""
        work = self.desk.work
        procedure_id, now = work.new_id(), work.now()
        self.procedures[procedure_id] = Procedure(
            id=procedure_id, definition=definition, state=ProcedureState(), opened_at=now, is_new=True
        )
        self.apply(procedure_id, ProcedureOpened(id=work.new_id(), at=now, content_hash=definition.content_hash))
        return procedure_id

    def apply(self, procedure_id: UUID, event: AnyEvent, *, cause_id: UUID | None = None) -> bool:
        """Advance one procedure; return False when the event had been seen before and changed nothing.

        Raises:
            EventRefused: It cannot happen in this state; nothing was changed.
        """
        procedure = self.procedures[procedure_id]
        if isinstance(event, DefinitionMigrated):
            pinned = definitions.by_hash(self.desk.work.connection, event.content_hash)
            procedure = replace(procedure, definition=pinned)
        state, effects = advance(procedure.definition, procedure.state, event)
        if state is procedure.state and not effects:
            return False
        event = as_recorded(event, effects)
        self.procedures[procedure_id] = replace(procedure, state=state, is_changed=True)
        self.desk.changes.append(
            Change(
                file=self,
                procedure_id=procedure_id,
                event=event,
                projection=project(procedure.state, state, effects),
            )
        )
        payload = event_to_json(event)
        kind = payload.pop("type")
        del payload["id"], payload["at"]
        self.happenings.append(
            Happening(
                id=event.id,
                at=event.at,
                kind=kind,
                payload={"procedure_id": str(procedure_id), **payload},
                cause_id=cause_id,
            )
        )
        return True

    def note(self, kind: str, payload: dict[str, Any], *, cause_id: UUID | None = None) -> None:
        """Record something that is no event of a procedure, such as a report that joined."""
        work = self.desk.work
        self.happenings.append(
            Happening(id=work.new_id(), at=work.now(), kind=kind, payload=payload, cause_id=cause_id)
        )

    def hold(self, hold_id: UUID) -> Hold | None:
        """Return a hold of any procedure as it stands now."""
        return next((p.state.holds[hold_id] for p in self.procedures.values() if hold_id in p.state.holds), None)

    def procedure_of(self, request_id: UUID) -> Procedure:
        """Return the procedure that a request belongs to.

        Raises:
            LookupError: The case has no such request.
        """
        for procedure in self.procedures.values():
            if request_id in procedure.state.requests:
                return procedure
        message = f"case {self.no} has no request {request_id}"
        raise LookupError(message)

    def procedures_of(self, subject_id: UUID | None) -> list[UUID]:
        """Return the procedures that know the subject (hold, request, task, approval, appeal); for None, all.

        Raises:
            LookupError: None knows it.
        """
        found = [p.id for p in self.procedures.values() if subject_id is None or _knows(p.state, subject_id)]
        if not found:
            message = f"case {self.no} has nothing of id {subject_id}"
            raise LookupError(message)
        return found

    def request(self, request_id: UUID) -> Request:
        """Return a request as it stands now."""
        return self.procedure_of(request_id).state.requests[request_id]

    @property
    def closed_at(self) -> datetime | None:
        """Return when the case closed: when its last open procedure did."""
        if not self.procedures or any(p.state.phase != "closed" for p in self.procedures.values()):
            return None
        known: datetime | None = self.row.get("closed_at")
        return known or self.desk.work.now()


def _knows(state: ProcedureState, subject_id: UUID) -> bool:
    known = (state.holds, state.requests, state.tasks, state.approvals, state.withdrawals)
    return any(subject_id in items for items in known) or any(
        subject_id == hold.appeal_id or subject_id in hold.past_appeals for hold in state.holds.values()
    )


# Asked for every event, so they are ready as texts.
_CASE: Final = tuple(cases.c.keys())
_CASES: Final = ", ".join(f'cases."{name}"' for name in _CASE)
_LOCK: Final = f"SELECT {_CASES} FROM cases WHERE id = ANY($1) ORDER BY id FOR UPDATE"  # noqa: S608 - our own names
_LOCK_IDLE: Final = (
    f"SELECT {_CASES} FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)"  # noqa: S608 - our own names
    " JOIN cases ON cases.id = wanted.id ORDER BY wanted.place LIMIT $2 FOR UPDATE OF cases SKIP LOCKED"
)
_PROCEDURES: Final = "SELECT case_id, id, content_hash, state, opened_at FROM procedures WHERE case_id = ANY($1)"


class Desk:
    """The cases of one transaction. Feed their files events, then `cases.service.save` once."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.files: dict[UUID, CaseFile] = {}
        self.changes: list[Change] = []
        self.keys: dict[UUID, DataKey] = {}
        self.accounts: dict[UUID, AccountCard] = {}
        self.receipts: dict[UUID, ReceiptCard] = {}
        self.institutions: dict[UUID, Institution] = {}

    def open(self, *, case_id: UUID, key: DataKey, origin: str, fraud_type: str | None) -> CaseFile:
        """Begin a new case, not yet written; its number comes from the centre's sequence."""
        work, now = self.work, self.work.now()
        ((sequence,),) = ask(
            work.connection,
            "SELECT nextval(('case_no_' || code)::regclass) FROM centres WHERE id = $1",
            [work.centre_id],
        )
        plain = f"{now.year}{sequence:06d}"
        self.keys[key.id] = key
        file = self.files[case_id] = CaseFile(
            self,
            {
                "id": case_id,
                "centre_id": work.centre_id,
                "no": f"{plain[:4]}-{plain[4:]}-{check_character(plain)}",
                "key_id": key.id,
                "origin": origin,
                "opened_at": now,
                "opened_month": now.date().replace(day=1),
                "fraud_type": fraud_type,
                "authority_cipher": None,
                "closed_at": None,
                "last_seq": 0,
                "last_hash": GENESIS,
            },
            is_new=True,
        )
        return file

    def lock(self, case_id: UUID) -> CaseFile:
        """Lock one case, waiting for it, and load its procedures.

        Raises:
            CaseNotFound: The transaction's centre has none of that id.
        """
        self.lock_all([case_id])
        if case_id not in self.files:
            message = f"no case {case_id}"
            raise CaseNotFound(message)
        return self.files[case_id]

    def lock_all(self, case_ids: Collection[UUID]) -> list[CaseFile]:
        """Lock cases in the order of their ids, waiting for each, and load their procedures."""
        return self._load(_LOCK, [case_id for case_id in case_ids if case_id not in self.files])

    def lock_idle(self, case_ids: Sequence[UUID], at_most: int) -> list[CaseFile]:
        """Lock the first ``at_most`` of these cases that nobody else works on, and load their procedures.

        It never waits, so any number of workers that are after the same cases share them.
        """
        return self._load(_LOCK_IDLE, [case_id for case_id in case_ids if case_id not in self.files], at_most)

    def _load(self, locking: str, case_ids: list[UUID], *more: int) -> list[CaseFile]:
        if not case_ids:
            return []
        connection = self.work.connection
        rows = ask(connection, locking, (case_ids, *more))
        fresh = [CaseFile(self, dict(zip(_CASE, row, strict=True)), is_new=False) for row in rows]
        if not fresh:
            return []
        self.files |= {file.id: file for file in fresh}
        found = ask(connection, _PROCEDURES, [[file.id for file in fresh]])
        for case_id, procedure_id, content_hash, state, opened_at in found:
            self.files[case_id].procedures[procedure_id] = Procedure(
                id=procedure_id,
                definition=definitions.by_hash(connection, content_hash),
                state=state_from_json(state),
                opened_at=opened_at,
            )
        return fresh

    def hand_over_the_unreachable(self) -> None:
        """Give a person each request that no channel of ours can carry: now, not at its receipt limit."""
        sends = [(change, send.request_id) for change in self.changes for send in change.projection.sends]
        reached = [(change, request_id, self.institution_of(change.file, request_id)) for change, request_id in sends]
        self.need_institutions(institution_id for _, _, institution_id in reached)
        for change, request_id, institution_id in reached:
            if self.institutions[institution_id].channel == "manual":
                now = self.work.now()
                event = ChannelMissing(id=derived_id(now, request_id, "channel"), at=now, request_id=request_id)
                change.file.apply(change.procedure_id, event, cause_id=change.event.id)

    def institution_of(self, file: CaseFile, request_id: UUID) -> UUID:
        """Return the institution that a request goes to."""
        hold = file.hold(file.request(request_id).hold_id)
        if hold is None or hold.institution_id is None:
            message = f"request {request_id} has no institution"
            raise LookupError(message)
        return hold.institution_id

    def need_institutions(self, ids: Iterable[UUID]) -> None:
        """Read the institutions that are not known yet in this transaction."""
        self.institutions |= by_id(self.work.connection, set(ids) - self.institutions.keys())

    def need_accounts(self, ids: Iterable[UUID | None]) -> None:
        """Open the accounts that are not known yet in this transaction."""
        self.accounts |= cards_of(self.work, {found for found in ids if found is not None} - self.accounts.keys())

    def need_receipts(self, ids: Iterable[UUID | None]) -> None:
        """Open the receipts that are not known yet in this transaction."""
        missing = {found for found in ids if found is not None} - self.receipts.keys()
        self.receipts |= receipts_of(self.work, sorted(missing))

    def need_keys(self, ids: Iterable[UUID]) -> None:
        """Unwrap the data keys that are not known yet in this transaction."""
        missing = set(ids) - self.keys.keys()
        if missing:
            self.keys |= self.work.vault.load(self.work.connection, missing)
