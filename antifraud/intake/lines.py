"""The transfers of a report beside what the directory knows of their ends."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from antifraud.auth.service import Source
from antifraud.banks.queries import Institution, by_name
from antifraud.cases import trail
from antifraud.cases.accounts import AccountCard
from antifraud.cases.routing import Where
from antifraud.intake.codes import code_only
from antifraud.intake.facts import AccountFacts, Flag, ReportFacts, TransferFacts
from antifraud.intake.tiers import tiers_of
from antifraud.work import Work

UNTRUSTED = "source_trust"
"""The doubt about an order that only a source without the right to dispatch asked for."""
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_UNKNOWN = (
    "not in the directory, so nobody there is asked: send a report of the same payment with the institution's code"
    " or full name, or let the duty officer resolve the lead"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One transfer; `claimed_asset` is the centre's own currency where the report names none, flagged as missing.

    Institutions are known also where the number is not: an account without its number has a country all the same.
    """

    facts: TransferFacts
    tier: int
    payer: AccountCard | None
    payee: AccountCard | None
    payment: trail.Payment | None
    claimed_asset: str
    has_wrong_checksum: bool
    payer_institution: Institution | None = None
    payee_institution: Institution | None = None
    reason: str | None = None
    references: tuple[str, ...] = ()

    @property
    def asset(self) -> str | None:
        """Return the currency of an amount."""
        return None if self.facts.amount_minor is None and self.facts.asset is None else self.claimed_asset

    def doubts(self, source: Source) -> tuple[str, ...]:
        """Return why a person must look before an order to this account leaves."""
        doubts = []
        if source.trust != "dispatches":
            doubts.append(UNTRUSTED)
        if self.has_wrong_checksum:
            doubts.append("checksum")
        return tuple(doubts)

    @property
    def cross_border(self) -> bool | None:
        """Tell whether the money crossed a border; None where the country of either end is not known."""
        ends = [end.country if end else None for end in (self.payer_institution, self.payee_institution)]
        return None if None in ends else ends[0] != ends[1]

    @property
    def where(self) -> Where:
        """Return what routes look at."""
        country = self.payee_institution.country if self.payee_institution else None
        return Where(jurisdiction=country, asset=self.claimed_asset, cross_border=self.cross_border)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a report in its order, the institutions that they name, and the report with what was not found."""

    lines: list[Line]
    institutions: dict[UUID, Institution]
    facts: ReportFacts


def lines_of(work: Work, facts: ReportFacts, currency: str) -> Lines:
    """Look up who the institutions are, and return the lines."""
    known = by_name(work.connection, _institutions_named(facts))
    tiers = tiers_of(facts.transfers)
    return Lines(
        [_line(facts, transfer, tier, known, currency) for transfer, tier in zip(facts.transfers, tiers, strict=True)],
        {found.id: found for found in known.values()},
        replace(facts, flags=(*facts.flags, *_unknown(facts, tiers, known))),
    )


def _unknown(facts: ReportFacts, tiers: Sequence[int], known: Mapping[str, Institution]) -> Iterator[Flag]:
    """Yield a flag for each suspect account whose institution the directory does not know: nobody there is asked."""
    for transfer, tier in zip(facts.transfers, tiers, strict=True):
        payee = transfer.payee
        if tier > 0 and payee is not None and payee.institution and payee.institution not in known:
            yield Flag(f"/transfers/{transfer.index}/to/institution", "institution-unknown", _UNKNOWN)


def _line(facts: ReportFacts, transfer: TransferFacts, tier: int, known: dict[str, Institution], currency: str) -> Line:
    payer, payee = _card(transfer.payer, known), _card(transfer.payee, known)
    issuer = known.get(transfer.reference_institution or "")
    issuer_id = issuer.id if issuer else payer.institution_id if payer else None
    if issuer_id is None and transfer.payer is not None:
        named = known.get(transfer.payer.institution or "")
        issuer_id = named.id if named else None
    at = f"/transfers/{transfer.index}/to"
    return Line(
        facts=transfer,
        tier=tier,
        payer=payer,
        payee=payee,
        payment=trail.Payment(issuer_id, transfer.reference) if issuer_id and transfer.reference else None,
        claimed_asset=transfer.asset or currency,
        has_wrong_checksum=any(pointer.startswith(at) for pointer in facts.confirmations),
        payer_institution=known.get(transfer.payer.institution or "") if transfer.payer else None,
        payee_institution=known.get(transfer.payee.institution or "") if transfer.payee else None,
        # Codes of ISO 20022 come in capitals (FRAD), those of definitions are small.
        reason=code_only(transfer.reason and transfer.reason.lower()) or code_only(facts.fraud_type),
        references=references_of(facts, transfer),
    )


def references_of(facts: ReportFacts, transfer: TransferFacts) -> tuple[str, ...]:
    """Return which kinds of reference a report has for a transfer, never what they say.

    `reference` is the payment's own, `uetr` one that is written as such (RFC 4122), `document` a paper of the
    authority; the report may name others.
    """
    found = []
    if transfer.reference:
        found.append("reference")
        if _UETR.fullmatch(transfer.reference):
            found.append("uetr")
    if facts.authority and facts.authority.get("documents"):
        found.append("document")
    found += [code for one in transfer.references if (code := code_only(one))]
    return tuple(dict.fromkeys(found))


def _card(account: AccountFacts | None, known: dict[str, Institution]) -> AccountCard | None:
    institution = known.get(account.institution or "") if account else None
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


def _institutions_named(facts: ReportFacts) -> set[str]:
    named = {transfer.reference_institution for transfer in facts.transfers}
    named |= {end.institution for transfer in facts.transfers for end in (transfer.payer, transfer.payee) if end}
    return {name for name in named if name}
