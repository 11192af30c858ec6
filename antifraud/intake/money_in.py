"""From the transfers of a report to accounts, receipts, leads and claims."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from antifraud.auth.service import Source
from antifraud.banks.queries import Institution, by_name
from antifraud.cases import trail
from antifraud.cases.accounts import POOLED_KINDS, AccountCard, resolve, whole
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.foundation.times import TimeBounds
from antifraud.intake.codes import code_only
from antifraud.intake.facts import AccountFacts, ReportFacts, TransferFacts
from antifraud.intake.tiers import tiers_of
from antifraud.vault.service import DataKey
from workflows import AnyEvent, Claim
from workflows.events import ClaimAdded, ClaimConfirmed, DoubtRaised, LeadResolved
from workflows.state import Hold, Task

UNTRUSTED = "source_trust"
"""The doubt about an order that only a source without the right to dispatch asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One transfer with what the directory knows about its ends."""

    facts: TransferFacts
    tier: int
    payer: AccountCard | None
    payee: AccountCard | None
    payment: trail.Payment | None


_Holds = list[tuple[UUID, Hold]]
"""Holds with the procedure of each."""


class MoneyIn:
    """The transfers of one report on their way into a case; call its steps in their order."""

    def __init__(self, desk: Desk, facts: ReportFacts, *, report_id: UUID, key: DataKey, currency: str) -> None:
        self._desk = desk
        self._facts = facts
        self._report_id = report_id
        self._key = key
        self._currency = currency
        self._institutions = by_name(desk.work.connection, _institutions_named(facts))
        self._lines = [
            self._line(transfer, tier)
            for transfer, tier in zip(facts.transfers, tiers_of(facts.transfers), strict=True)
        ]
        self._payments: dict[trail.Payment, trail.LockedPayment] = {}
        self._accounts: dict[AccountCard, UUID] = {}
        self._own: set[UUID] = set()
        self._desk.institutions |= {found.id: found for found in self._institutions.values()}

    def lock_payments(self, new_case_id: UUID) -> UUID | None:
        """Lock the payments; return the case that one of them already belongs to."""
        wanted = [line.payment for line in self._lines if line.payment is not None]
        self._payments = trail.lock_payments(self._desk.work, wanted, new_case_id)
        others = sorted(found.case_id for found in self._payments.values() if found.case_id != new_case_id)
        if not others:
            return None
        trail.give_payments(self._desk.work, new_case_id, others[0])
        self._payments = {
            payment: replace(found, case_id=others[0]) if found.case_id == new_case_id else found
            for payment, found in self._payments.items()
        }
        return others[0]

    def lock_accounts(self) -> None:
        """Lock the accounts of both ends, made where they are new."""
        cards = [card for line in self._lines for card in (line.payer, line.payee) if card is not None]
        self._accounts = resolve(self._desk.work, cards)
        self._desk.accounts |= {self._accounts[card]: one for card, one in whole(cards).items()}

    def enter(self, file: CaseFile, source: Source, *, joined: bool) -> None:
        """Write receipts and leads, and add the claims; a transfer that the case knows already adds none.

        Two things only a second report can add to an order that the first one
        left waiting: the account that the first did not know, and the word of
        a source that may dispatch.
        """
        work = self._desk.work
        known = trail.receipts_of_case(work, file.id) if joined else []
        first = trail.next_position(work, file.id) if joined else 0
        receipts: list[trail.Receipt] = []
        leads: list[trail.Lead] = []
        claims: list[Claim] = []
        for line in self._lines:
            locked = self._payments.get(line.payment) if line.payment else None
            if locked is not None and locked.case_id != file.id:
                # Its order is that case's; whether the two cases are one, a person decides.
                self._doubt(file, line, "payment_of_another_case")
                continue
            twin = self._twin(line, known)
            if twin is not None:
                holds = _holds_of(file, twin.id)
                self._compare(file, line, twin, holds)
                # What only history knew was never asked of anybody: a live report asks.
                is_asked = bool(holds) or line.tier == 0 or twin.id in self._own or self._facts.origin == "historical"
                if is_asked:
                    self._add_to(file, line, twin, holds, source)
                    continue
                if line.payee is not None and twin.payee_account_id == self._accounts[line.payee]:
                    self._own.add(twin.id)
                    claims.append(self._claim(line, twin.id, None, source))
                    continue
            receipt = self._receipt(line, first + len(receipts))
            receipts.append(receipt)
            if receipt.payment_id is not None:
                # The same payment twice in one report is one payment.
                self._own.add(receipt.id)
                known.append(
                    trail.KnownReceipt(
                        receipt.id, receipt.payment_id, receipt.payee_account_id, receipt.amount_minor, receipt.asset
                    )
                )
            lead = self._lead(line)
            if lead is not None:
                leads.append(lead)
            if line.tier > 0:
                claims.append(self._claim(line, receipt.id, lead, source))
        trail.write_receipts(self._desk, file.id, self._key, receipts)
        trail.write_leads(self._desk, file.id, self._key, leads)
        trail.write_people(
            self._desk,
            file.id,
            self._report_id,
            self._key,
            [
                trail.Person(
                    role=party.role,
                    relation=code_only(party.relation),
                    facts=asdict(party),
                    name=party.name,
                    document=party.id_no,
                    phone=party.phone,
                )
                for party in self._facts.parties
            ],
        )
        if self._facts.origin == "historical":
            return
        for procedure_id in file.procedures:
            for claim in claims:
                event = ClaimAdded(id=work.new_id(), at=work.now(), claim=claim)
                file.apply(procedure_id, event, cause_id=self._report_id)

    def _line(self, transfer: TransferFacts, tier: int) -> _Line:
        payer, payee = self._card(transfer.payer), self._card(transfer.payee)
        issuer = self._institution(transfer.reference_institution)
        issuer_id = issuer.id if issuer else payer.institution_id if payer else None
        if issuer_id is None and transfer.payer is not None:
            named = self._institution(transfer.payer.institution)
            issuer_id = named.id if named else None
        payment = trail.Payment(issuer_id, transfer.reference) if issuer_id and transfer.reference else None
        return _Line(facts=transfer, tier=tier, payer=payer, payee=payee, payment=payment)

    def _card(self, account: AccountFacts | None) -> AccountCard | None:
        institution = self._institution(account.institution) if account else None
        if account is None or institution is None or account.number is None:
            return None
        return AccountCard(
            institution_id=institution.id,
            institution_code=institution.code,
            scheme=account.scheme,
            number=account.number,
            sub_ref=account.sub_ref,
            holder=account.holder,
            kind=code_only(account.kind),
        )

    def _institution(self, name: str | None) -> Institution | None:
        return self._institutions.get(name) if name else None

    def _twin(self, line: _Line, known: list[trail.KnownReceipt]) -> trail.KnownReceipt | None:
        """Return the receipt that this line tells again: of the same payment, or without reference the same money."""
        locked = self._payments.get(line.payment) if line.payment else None
        if locked is not None:
            return next((receipt for receipt in known if receipt.payment_id == locked.id), None)
        payee_id = self._accounts.get(line.payee) if line.payee else None
        return next(
            (
                receipt
                for receipt in known
                if payee_id is not None
                and receipt.id not in self._own
                and receipt.payee_account_id == payee_id
                and line.facts.amount_minor in (None, receipt.amount_minor)
            ),
            None,
        )

    def _compare(self, file: CaseFile, line: _Line, twin: trail.KnownReceipt, holds: _Holds) -> None:
        """Tell a person where another report of the same payment differs."""
        differs = self._differences(line, twin, holds)
        if differs:
            self._doubt(file, line, ",".join(differs))

    def _differences(self, line: _Line, twin: trail.KnownReceipt, holds: _Holds) -> list[str]:
        account_id = twin.payee_account_id or next((hold.account_id for _, hold in holds), None)
        payee_id = self._accounts.get(line.payee) if line.payee else None
        return [
            name
            for name, ours, theirs in (
                ("amount", twin.amount_minor, line.facts.amount_minor),
                ("currency", twin.asset, line.facts.asset),
                ("account", account_id, payee_id),
            )
            if ours is not None and theirs is not None and ours != theirs
        ]

    def _add_to(self, file: CaseFile, line: _Line, twin: trail.KnownReceipt, holds: _Holds, source: Source) -> None:
        """Let a report of the same facts add to holds that wait what only it knows; one that differs adds nothing."""
        if self._facts.origin == "historical" or self._differences(line, twin, holds):
            return
        for procedure_id, hold in holds:
            for event in self._what_it_adds(file.procedures[procedure_id].state.tasks.values(), hold, line, source):
                file.apply(procedure_id, event, cause_id=self._report_id)

    def _what_it_adds(self, tasks: Iterable[Task], hold: Hold, line: _Line, source: Source) -> Iterator[AnyEvent]:
        """Yield what a second report of the same facts adds to a hold that waits."""
        if hold.state != "unconfirmed" or line.payee is None:
            return
        work, doubts = self._desk.work, self._doubts(line, source)
        said: dict[str, Any] = {"id": work.new_id(), "at": work.now(), "hold_id": hold.id, "by": work.actor}
        if hold.account_id is None:
            yield LeadResolved(
                **said,
                account_id=self._accounts[line.payee],
                institution_id=line.payee.institution_id,
                doubts=doubts,
            )
        elif not doubts and any(task.subject_id == hold.id and task.reason == UNTRUSTED for task in tasks):
            yield ClaimConfirmed(**said)

    def _doubt(self, file: CaseFile, line: _Line, reason: str) -> None:
        """Show a person what the report says otherwise; an order never changes by it."""
        work = self._desk.work
        for procedure_id in file.procedures:
            event = DoubtRaised(
                id=work.new_id(),
                at=work.now(),
                kind="differ",
                subject_kind="procedure",
                subject_id=procedure_id,
                reason=reason,
                amount_minor=line.facts.amount_minor,
                asset=self._asset(line),
            )
            file.apply(procedure_id, event, cause_id=self._report_id)

    def _receipt(self, line: _Line, position: int) -> trail.Receipt:
        locked = self._payments.get(line.payment) if line.payment else None
        return trail.Receipt(
            id=self._desk.work.new_id(),
            position=position,
            tier=line.tier,
            payer_account_id=self._accounts.get(line.payer) if line.payer else None,
            payee_account_id=self._accounts.get(line.payee) if line.payee else None,
            amount_minor=line.facts.amount_minor,
            asset=self._asset(line),
            span=_span(line.facts.at),
            reference=line.facts.reference,
            standing="claimed",
            payment_id=locked.id if locked else None,
            report_id=self._report_id,
        )

    def _lead(self, line: _Line) -> trail.Lead | None:
        payee = line.facts.payee
        if line.payee is not None or line.tier == 0:
            return None
        if payee is None or (payee.number is None and payee.masked is None):
            kind = "missing_account"
        elif payee.number is None:
            kind = "masked_number"
        else:
            kind = "unknown_institution"
        return trail.Lead(
            id=self._desk.work.new_id(),
            kind=kind,
            facts=asdict(payee) if payee else {},
            amount_minor=line.facts.amount_minor,
            asset=self._asset(line),
            report_id=self._report_id,
        )

    def _asset(self, line: _Line) -> str | None:
        """Return the currency of an amount: the centre's own, flagged as missing, where the report names none."""
        return line.facts.asset or (None if line.facts.amount_minor is None else self._currency)

    def _doubts(self, line: _Line, source: Source) -> tuple[str, ...]:
        """Return why a person must look before an order to this account leaves."""
        doubts = []
        if source.trust != "dispatches":
            doubts.append(UNTRUSTED)
        at = f"/transfers/{line.facts.index}/to"
        if any(pointer.startswith(at) for pointer in self._facts.confirmations):
            doubts.append("checksum")
        if line.payee is not None and line.payee.kind in POOLED_KINDS:
            doubts.append("pooled_account")
        return tuple(doubts)

    def _claim(self, line: _Line, receipt_id: UUID, lead: trail.Lead | None, source: Source) -> Claim:
        work = self._desk.work
        return Claim(
            hold_id=work.new_id(),
            account_id=self._accounts.get(line.payee) if line.payee else None,
            institution_id=line.payee.institution_id if line.payee else None,
            lead_id=lead.id if lead else None,
            receipt_id=receipt_id,
            tier=line.tier,
            amount_minor=line.facts.amount_minor,
            asset=line.facts.asset or self._currency,
            paid_at=line.facts.at.latest if line.facts.at else None,
            since=work.now(),
            doubts=self._doubts(line, source),
        )


def _holds_of(file: CaseFile, receipt_id: UUID) -> _Holds:
    return [
        (procedure.id, hold)
        for procedure in file.procedures.values()
        for hold in procedure.state.holds.values()
        if hold.receipt_id == receipt_id
    ]


def _institutions_named(facts: ReportFacts) -> set[str]:
    named = {transfer.reference_institution for transfer in facts.transfers}
    named |= {end.institution for transfer in facts.transfers for end in (transfer.payer, transfer.payee) if end}
    return {name for name in named if name}


def _span(at: TimeBounds | None) -> trail.Span | None:
    if at is None:
        return None
    return trail.Span(
        earliest_at=at.earliest, latest_at=at.latest, local_time=at.local, zone=at.zone, precision=at.precision
    )
