"""From the transfers of a report to accounts, receipts, leads and claims."""

from dataclasses import asdict, dataclass, replace
from uuid import UUID

from antifraud.auth.service import Source
from antifraud.cases import trail
from antifraud.cases.accounts import AccountCard, resolve, whole
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.definitions import NoDefinitionInForce
from antifraud.cases.routing import Routing, routing_of
from antifraud.foundation.times import TimeBounds
from antifraud.intake.codes import code_only
from antifraud.intake.facts import ReportFacts
from antifraud.intake.lines import Line, lines_of
from antifraud.intake.retold import Retold, holds_of
from antifraud.vault.service import DataKey
from workflows import Claim, Definition
from workflows.engine.corrections import WITHDRAWN
from workflows.events import ClaimAdded


class MoneyIn:
    """The transfers of one report on their way into a case; call its steps in their order.

    `facts` are the report's, with a flag for each institution that the directory does not know.
    """

    def __init__(
        self, desk: Desk, facts: ReportFacts, *, report_id: UUID, key: DataKey, currency: str, apart: bool = False
    ) -> None:
        """Read the lines; ``apart`` looks at them without the payments that another case has."""
        self._desk = desk
        self._report_id = report_id
        self._key = key
        read = lines_of(desk.work, facts, currency)
        self.facts = read.facts
        self._lines = [replace(line, payment=None) for line in read.lines] if apart else read.lines
        self._payments: dict[trail.Payment, trail.LockedPayment] = {}
        self._accounts: dict[AccountCard, UUID] = {}
        self._own: set[UUID] = set()
        self._routing: Routing | None = None
        self._desk.institutions |= read.institutions

    def lock_payments(self, new_case_id: UUID, *, is_chosen: bool = False) -> UUID | None:
        """Lock the payments; return the case that one of them already belongs to.

        With ``is_chosen`` a person put the report into the case: a payment of
        another case stays that case's, and a person is told.
        """
        wanted = [line.payment for line in self._lines if line.payment is not None]
        self._payments = trail.lock_payments(self._desk.work, wanted, new_case_id)
        if is_chosen:
            return new_case_id
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
        is_history = self.facts.origin == "historical"
        retold = Retold(file=file, report_id=self._report_id, is_history=is_history, accounts=self._accounts)
        receipts: list[trail.Receipt] = []
        leads: list[trail.Lead] = []
        wanted: list[_Wanted] = []
        for line in self._lines:
            locked = self._payments.get(line.payment) if line.payment else None
            if locked is not None and locked.case_id != file.id:
                # Its order is that case's; whether the two cases are one, a person decides.
                retold.doubt(line, "payment_of_another_case")
                continue
            twin = self._twin(line, known)
            if twin is not None:
                every = holds_of(file, twin.id)
                holds = [(procedure_id, hold) for procedure_id, hold in every if hold.void != WITHDRAWN]
                retold.compare(line, twin, holds, is_likeness=line.payment is None)
                # What only history knew was never asked of anybody: a live report asks.
                is_asked = bool(holds) or line.tier == 0 or twin.id in self._own or is_history
                if is_asked:
                    retold.add_to(line, twin, holds, source)
                    continue
                if line.payee is not None and twin.payee_account_id == self._accounts[line.payee]:
                    self._own.add(twin.id)
                    wanted.append(_Wanted(line, twin.id, is_anew=bool(every)))
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
                wanted.append(_Wanted(line, receipt.id, lead=lead))
        trail.add_receipts(self._desk, file.id, self._key, receipts)
        trail.add_leads(self._desk, file.id, self._key, leads)
        trail.add_people(
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
                for party in self.facts.parties
            ],
        )
        if is_history:
            return
        for procedure_id, claim in self._claims(file, wanted, source):
            event = ClaimAdded(id=work.new_id(), at=work.now(), claim=claim)
            file.apply(procedure_id, event, cause_id=self._report_id)

    def begin(self, file: CaseFile) -> None:
        """Open the case's first procedure, unless the report is history: that has none until a live one joins it."""
        if self.facts.origin == "historical":
            return
        work = self._desk.work
        try:
            self._routing = routing_of(work.connection, work.centre_id)
        except NoDefinitionInForce:
            if not file.procedures:
                raise
            # The case began under a scheme that somebody had put in force: what joins it goes on under that one.
            self._routing = Routing(next(iter(file.procedures.values())).definition)
        if file.procedures:
            return
        file.row["origin"] = "live"
        places = [line.where for line in self._lines if line.tier > 0]
        definitions = self._routing.definitions_for(places[0]) if places else (self._routing.ordinary,)
        file.open_procedure(definitions[0])

    def _claims(self, file: CaseFile, wanted: list["_Wanted"], source: Source) -> list[tuple[UUID, Claim]]:
        """Return each claim with its procedure: one claim for every definition that its payment goes under."""
        found = []
        anew: dict[str, UUID] = {}
        for one in wanted:
            for definition in self._definitions(one.line):
                if one.is_anew:
                    # What a withdrawal let go is asked anew, beside what becomes of the old order.
                    if definition.content_hash not in anew:
                        anew[definition.content_hash] = file.open_procedure(definition)
                    procedures = [anew[definition.content_hash]]
                else:
                    procedures = self._procedures(file, definition, set(anew.values()))
                found += [(place, self._claim(one, source, definition)) for place in procedures]
        return found

    def _definitions(self, line: Line) -> tuple[Definition, ...]:
        return self._routing.definitions_for(line.where) if self._routing else ()

    def _procedures(self, file: CaseFile, definition: Definition, besides: set[UUID]) -> list[UUID]:
        """Return the procedures of a definition, opened where the case has none; an open one keeps its version.

        What no route takes goes to every procedure that no route opened, as the case began.
        """
        is_routed = self._is_routed(definition)
        there = [
            procedure.id
            for procedure in file.procedures.values()
            if procedure.id not in besides
            and (procedure.definition.id == definition.id if is_routed else not self._is_routed(procedure.definition))
        ]
        return there or [file.open_procedure(definition)]

    def _is_routed(self, definition: Definition) -> bool:
        return self._routing is not None and self._routing.is_routed(definition)

    def known_in(self, file: CaseFile) -> set[UUID]:
        """Return the receipts of a locked case that this report told of too, whoever told of them first."""
        known = trail.receipts_of_case(self._desk.work, file.id)
        twins = (self._twin(line, known) for line in self._lines if line.tier > 0)
        return {twin.id for twin in twins if twin is not None}

    def _twin(self, line: Line, known: list[trail.KnownReceipt]) -> trail.KnownReceipt | None:
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

    def _receipt(self, line: Line, position: int) -> trail.Receipt:
        locked = self._payments.get(line.payment) if line.payment else None
        return trail.Receipt(
            id=self._desk.work.new_id(),
            position=position,
            tier=line.tier,
            payer_account_id=self._accounts.get(line.payer) if line.payer else None,
            payee_account_id=self._accounts.get(line.payee) if line.payee else None,
            amount_minor=line.facts.amount_minor,
            asset=line.asset,
            span=_span(line.facts.at),
            reference=line.facts.reference,
            standing="claimed",
            payment_id=locked.id if locked else None,
            report_id=self._report_id,
        )

    def _lead(self, line: Line) -> trail.Lead | None:
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
            asset=line.asset,
            report_id=self._report_id,
        )

    def _claim(self, wanted: "_Wanted", source: Source, definition: Definition) -> Claim:
        """Return the claim on the account that the definition stops: the receiver's, or the victim's own."""
        work, line, lead = self._desk.work, wanted.line, wanted.lead
        card, institution = line.payee, line.payee_institution
        if definition.account == "payer" and line.tier == 1:
            card, institution, lead = line.payer, line.payer_institution, None
        return Claim(
            hold_id=work.new_id(),
            account_id=self._accounts.get(card) if card else None,
            institution_id=card.institution_id if card else None,
            lead_id=lead.id if lead else None,
            receipt_id=wanted.receipt_id,
            tier=line.tier,
            amount_minor=line.facts.amount_minor,
            asset=line.claimed_asset,
            paid_at=line.facts.at.latest if line.facts.at else None,
            since=work.now(),
            doubts=line.doubts(source),
            agreed_answer=institution.agreed_answer if institution else None,
            cross_border=line.cross_border,
            reason=line.reason,
            references=line.references,
            asked_by=source.asks_as,
            account_kind=card.kind if card else None,
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A payment whose money is to be stopped; `is_anew`: a withdrawal let it go before."""

    line: Line
    receipt_id: UUID
    lead: trail.Lead | None = None
    is_anew: bool = False


def _span(at: TimeBounds | None) -> trail.Span | None:
    if at is None:
        return None
    return trail.Span(
        earliest_at=at.earliest, latest_at=at.latest, local_time=at.local, zone=at.zone, precision=at.precision
    )
