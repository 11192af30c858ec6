"""What a person may see of one case without a reason: states as they stand, people and accounts masked.

Read in a fixed number of statements, whatever the size of the case. What is
masked here never leaves this module in the clear.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from antifraud.banks.queries import Institution, by_id
from antifraud.cases import definitions
from antifraud.cases.accounts import cards_of
from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.models import approvals, cases, documents, leads, parties, procedures, tasks, transfers
from antifraud.foundation.json import loads
from antifraud.vault.masks import NOTHING, mask_id_no, mask_name, mask_number, mask_phone, tail_of
from antifraud.vault.service import DataKey
from antifraud.work import Work
from workflows import Definition, ProcedureState, state_from_json
from workflows.state import Approval, Clock, Hold, Request, Task, Withdrawal

_MAX_FACTS_BYTES = 262_144
CLOCKS_DIFFER: Final = timedelta(minutes=2)
"""How far the clocks of two institutions may differ where no definition says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLabel:
    """One account, or what is known of a lead; `whole` is false for a lead, whose number is only shown in part."""

    id: UUID
    institution: Institution | None
    named: str | None
    number: str
    short: str
    tail: str
    holder: str
    kind: str | None
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money that moved, as a report claims or a bank confirms it."""

    id: UUID
    position: int
    tier: int
    payer_id: UUID | None
    payee_id: UUID | None
    amount_minor: int | None
    asset: str | None
    earliest_at: datetime | None
    latest_at: datetime | None
    precision: str | None
    standing: str
    report_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyLabel:
    """A victim or reporter; `is_forgotten` where their key was destroyed on purpose."""

    id: UUID
    role: str
    relation: str | None
    name: str
    phone: str
    document: str
    is_forgotten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task as the list shows it; who works on it, and until when it was put aside."""

    id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    due_at: datetime
    level: int
    reason: str | None
    amount_minor: int | None
    asset: str | None
    state: str
    opened_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    owner_id: UUID | None
    snoozed_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """A decision of two people, waiting or over."""

    id: UUID
    hold_id: UUID
    act: str
    asked_by: str
    asked_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureView:
    """One procedure, with the definition that it was opened under."""

    id: UUID
    definition: Definition
    state: ProcedureState


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A stored version of a scheme that a procedure of the case is under, that one or another."""

    scheme: str
    number: int
    content_hash: str

    @property
    def name(self) -> str:
        """Return the name that derivations and facts use."""
        return f"{self.scheme}.v{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One case as it stands in this transaction; `last_seq` is the place in its log up to which that is true."""

    id: UUID
    no: str
    key_id: UUID
    origin: str
    opened_at: datetime
    opened_month: date
    fraud_type: str | None
    closed_at: datetime | None
    last_seq: int
    has_authority: bool
    procedures: tuple[ProcedureView, ...]
    accounts: Mapping[UUID, AccountLabel]
    transfers: tuple[Transfer, ...]
    parties: tuple[PartyLabel, ...]
    tasks: tuple[TaskRow, ...]
    approvals: tuple[ApprovalRow, ...]
    papers: Mapping[UUID, str]
    versions: tuple[Version, ...] = ()

    @property
    def phase(self) -> str:
        """Return open, closed or historical."""
        return "closed" if self.closed_at else "historical" if self.origin == "historical" else "open"

    @property
    def filing(self) -> str | None:
        """Return filed, declined or, where nobody has decided yet, None."""
        return next((one.state.filing for one in self.procedures if one.state.filing), None)

    @property
    def holds(self) -> dict[UUID, Hold]:
        """Return every hold of the case."""
        return {key: hold for one in self.procedures for key, hold in one.state.holds.items()}

    @property
    def requests(self) -> dict[UUID, Request]:
        """Return every request of the case."""
        return {key: request for one in self.procedures for key, request in one.state.requests.items()}

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Return what runs."""
        return tuple(clock for one in self.procedures for clock in one.state.clocks.values())

    @property
    def open_tasks(self) -> dict[UUID, Task]:
        """Return what a person must do."""
        return {key: task for one in self.procedures for key, task in one.state.tasks.items()}

    @property
    def waiting(self) -> dict[UUID, Approval]:
        """Return what waits for a second person."""
        return {key: approval for one in self.procedures for key, approval in one.state.approvals.items()}

    @property
    def withdrawals(self) -> dict[UUID, Withdrawal]:
        """Return every withdrawal of a report of the case, by its id; one of several procedures is the same in each."""
        return {one.id: one for view in self.procedures for one in view.state.withdrawals.values()}

    def version(self, content_hash: str) -> Version | None:
        """Return the stored version of that content."""
        return next((one for one in self.versions if one.content_hash == content_hash), None)

    @property
    def victim(self) -> PartyLabel | None:
        """Return the victim of the first report."""
        return next((party for party in self.parties if party.role == "victim"), None)

    def label_of(self, hold: Hold) -> AccountLabel | None:
        """Return the account of a hold, or its lead."""
        for key in (hold.account_id, hold.lead_id):
            if key is not None and key in self.accounts:
                return self.accounts[key]
        return None

    @property
    def clocks_differ(self) -> timedelta:
        """How far the clocks of two institutions may differ, by the most tolerant scheme of the case."""
        said = [one.definition.clocks_differ for one in self.procedures]
        return max((length.absolute() for length in said if length is not None), default=CLOCKS_DIFFER)

    def definition_of(self, hold_id: UUID) -> Definition | None:
        """Return the definition that a hold is governed by."""
        return next((one.definition for one in self.procedures if hold_id in one.state.holds), None)


def lock_case(work: Work, number: str) -> None:
    """Lock a case until the end of the transaction, so that what is read of it next stays true while it is changed.

    Raises:
        CaseNotFound: The centre of the transaction has none of that number.
    """
    if work.connection.scalar(select(cases.c.id).where(cases.c.no == number).with_for_update()) is None:
        message = f"there is no case {number}"
        raise CaseNotFound(message)


def read_dossier(work: Work, number: str) -> Dossier:
    """Return a case by its number.

    Raises:
        CaseNotFound: The centre of the transaction has none of that number.
    """
    connection = work.connection
    case = connection.execute(select(cases).where(cases.c.no == number)).one_or_none()
    if case is None:
        message = f"there is no case {number}"
        raise CaseNotFound(message)
    found = connection.execute(
        select(procedures.c.id, procedures.c.content_hash, procedures.c.state)
        .where(procedures.c.case_id == case.id)
        .order_by(procedures.c.opened_at)
    ).all()
    views = tuple(
        ProcedureView(
            id=row.id,
            definition=definitions.by_hash(connection, row.content_hash),
            state=state_from_json(row.state),
        )
        for row in found
    )
    moved = _transfers(work, case.id)
    people = connection.execute(
        select(parties).where(parties.c.case_id == case.id).order_by(parties.c.role.desc(), parties.c.id)
    ).all()
    clues = connection.execute(select(leads).where(leads.c.case_id == case.id)).all()
    papers = connection.execute(select(documents).where(documents.c.case_id == case.id)).all()
    keys = work.vault.load(connection, {row.key_id for row in (*people, *clues, *papers)})
    return Dossier(
        id=case.id,
        no=case.no,
        key_id=case.key_id,
        origin=case.origin,
        opened_at=case.opened_at,
        opened_month=case.opened_month,
        fraud_type=case.fraud_type,
        closed_at=case.closed_at,
        last_seq=case.last_seq,
        has_authority=case.authority_cipher is not None,
        procedures=views,
        accounts=_labels(work, views, moved, clues, keys),
        transfers=moved,
        parties=tuple(_party(row, keys) for row in people),
        tasks=_tasks(work, case.id),
        approvals=_approvals(work, case.id),
        papers={
            row.id: keys[row.key_id].open("documents", "reference", row.id, row.reference_cipher).decode()
            for row in papers
            if row.key_id in keys
        },
        versions=tuple(
            Version(scheme=one.id, number=one.version, content_hash=one.content_hash)
            for one in definitions.versions_of(connection, {one.definition.id for one in views})
        ),
    )


def _transfers(work: Work, case_id: UUID) -> tuple[Transfer, ...]:
    rows = work.connection.execute(
        select(transfers).where(transfers.c.case_id == case_id).order_by(transfers.c.position, transfers.c.id)
    )
    return tuple(
        Transfer(
            id=row.id,
            position=row.position,
            tier=row.tier,
            payer_id=row.payer_account_id,
            payee_id=row.payee_account_id,
            amount_minor=row.amount_minor,
            asset=row.asset,
            earliest_at=row.earliest_at,
            latest_at=row.latest_at,
            precision=row.precision,
            standing=row.standing,
            report_id=row.report_id,
        )
        for row in rows
    )


def _tasks(work: Work, case_id: UUID) -> tuple[TaskRow, ...]:
    rows = work.connection.execute(
        select(*(tasks.c[name] for name in TaskRow.__slots__)).where(tasks.c.case_id == case_id).order_by(tasks.c.id)
    ).mappings()
    return tuple(TaskRow(**row) for row in rows)


def _approvals(work: Work, case_id: UUID) -> tuple[ApprovalRow, ...]:
    rows = work.connection.execute(
        select(*(approvals.c[name] for name in ApprovalRow.__slots__))
        .where(approvals.c.case_id == case_id)
        .order_by(approvals.c.asked_at, approvals.c.id)
    ).mappings()
    return tuple(ApprovalRow(**row) for row in rows)


def _labels(
    work: Work,
    views: Iterable[ProcedureView],
    moved: Iterable[Transfer],
    clues: Iterable[Row[*tuple[Any, ...]]],
    keys: Mapping[UUID, DataKey],
) -> dict[UUID, AccountLabel]:
    wanted = {hold.account_id for one in views for hold in one.state.holds.values()}
    wanted |= {account_id for transfer in moved for account_id in (transfer.payer_id, transfer.payee_id)}
    cards = cards_of(work, {account_id for account_id in wanted if account_id is not None})
    institutions = by_id(work.connection, {card.institution_id for card in cards.values()})
    labels = {
        account_id: AccountLabel(
            id=account_id,
            institution=institutions.get(card.institution_id),
            named=None,
            number=mask_number(card.number),
            short=mask_number(card.number, gap="…"),
            tail=tail_of(card.number),
            holder=mask_name(card.holder),
            kind=card.kind,
        )
        for account_id, card in cards.items()
    }
    return labels | {row.id: _lead(row, keys.get(row.key_id)) for row in clues}


def _facts(plain: bytes) -> dict[str, Any]:
    document = loads(plain, max_bytes=_MAX_FACTS_BYTES)
    return document if isinstance(document, dict) else {}


def _lead(row: Row[*tuple[Any, ...]], key: DataKey | None) -> AccountLabel:
    facts = _facts(key.open("leads", "facts", row.id, row.facts_cipher)) if key else {}
    number = facts.get("number") or facts.get("masked")
    return AccountLabel(
        id=row.id,
        institution=None,
        named=_name_of_institution(facts.get("institution")),
        number=mask_number(number),
        short=mask_number(number, gap="…"),
        tail=tail_of(number),
        holder=mask_name(facts.get("holder")),
        kind=row.kind,
        whole=False,
    )


def _name_of_institution(said: object) -> str | None:
    """Return what a reporter called an institution; whatever looks like a number in it is not shown."""
    if not isinstance(said, str):
        return None
    shown = "".join("*" if ch.isdigit() else ch for ch in said if ch.isprintable()).strip()
    return shown[:40] or None


def _party(row: Row[*tuple[Any, ...]], keys: Mapping[UUID, DataKey]) -> PartyLabel:
    key = keys.get(row.key_id)
    facts = _facts(key.open("parties", "facts", row.id, row.facts_cipher)) if key else {}
    return PartyLabel(
        id=row.id,
        role=row.role,
        relation=row.relation,
        name=mask_name(facts.get("name")) if key else NOTHING,
        phone=mask_phone(facts.get("phone")),
        document=mask_id_no(facts.get("id_no")),
        is_forgotten=key is None,
    )
