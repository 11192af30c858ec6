"""Accept a report: store it as it came, open or join its case, and ask every bank, in one transaction.

1. Answer a repeated key from what was kept; refuse a key in use, a key or a
   reference with another body, and a source over its quota.
2. Lock the payments by their references (in order), then the accounts, then
   the case: that order, always.
3. Store the report, its people, its receipts of money, and what could not be
   resolved (leads).
4. Add a claim for every account that received money; the workflow makes holds,
   requests, deadlines, tasks and messages of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from antifraud.auth.service import Source
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import cases
from antifraud.cases.service import save
from antifraud.foundation.ids import receipt_code
from antifraud.foundation.json import canonical
from antifraud.intake.answers import CREATED, Answer, Submission, keep_answer
from antifraud.intake.codes import code_only
from antifraud.intake.facts import ReportFacts
from antifraud.intake.models import reports
from antifraud.intake.money_in import MoneyIn
from antifraud.intake.receipt import receipt
from antifraud.intake.stored import Standing, StoredReport, key_of, store_report, take_up
from antifraud.vault.service import DataKey
from antifraud.work import Work


def accept(work: Work, mail: Mail, submission: Submission, facts: ReportFacts, *, currency: str) -> Answer:
    """Accept a report that was understood and is new; everything that follows from it is written.

    Raises:
        NoDefinitionInForce: The centre has no workflow definition in force.
    """
    key = key_of(work, submission)
    entry = _Entry(
        report_id=work.new_id(),
        report_no=receipt_code(),
        source=submission.source,
        key=key,
        into_id=submission.case_id,
    )

    def store(case_id: UUID, flagged: ReportFacts) -> bytes:
        return store_report(
            work, submission, key, Standing("understood", entry.report_id, entry.report_no, case_id), flagged
        )

    def answer(body: bytes) -> None:
        keep_answer(work, submission, key, entry.report_id, body)

    body = _enter_case(work, mail, entry, facts, currency=currency, store=store, answer=answer)
    return Answer(status=CREATED, body=body)


def accept_stored(work: Work, mail: Mail, stored: StoredReport, facts: ReportFacts, *, currency: str) -> bool:
    """Give a stored report its case, once; return False if somebody else just did.

    The sender keeps the answer that it got: stored, not understood yet.
    """
    row = work.connection.execute(
        select(reports.c.state).where(reports.c.id == stored.id).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None or row.state != "stored":
        return False
    entry = _Entry(report_id=stored.id, report_no=stored.no, source=stored.source, key=stored.key)

    def store(case_id: UUID, flagged: ReportFacts) -> bytes:
        return take_up(work, stored, case_id, flagged)

    _enter_case(work, mail, entry, facts, currency=currency, store=store, answer=lambda _: None)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A report on its way into a case: into `into_id` where a person chose it."""

    report_id: UUID
    report_no: str
    source: Source
    key: DataKey
    into_id: UUID | None = None


def _enter_case(
    work: Work,
    mail: Mail,
    entry: _Entry,
    facts: ReportFacts,
    *,
    currency: str,
    store: Callable[[UUID, ReportFacts], bytes],
    answer: Callable[[bytes], None],
) -> bytes:
    """Open or join the case, add the report's claims, and return what its sender is told.

    ``store`` stores the report and gives its commitment; ``answer`` keeps what is told.
    """
    desk, case_id = Desk(work), work.new_id()
    money_in = MoneyIn(desk, facts, report_id=entry.report_id, key=entry.key, currency=currency)
    joined_id = money_in.lock_payments(entry.into_id or case_id, is_chosen=entry.into_id is not None)
    money_in.lock_accounts()
    file = desk.lock(joined_id) if joined_id else open_case(desk, case_id, entry.key, facts)
    money_in.begin(file)
    if joined_id:
        say_fraud_type(file, facts)
    commitment = store(file.id, money_in.facts)
    file.note(
        "ReportAccepted",
        {
            "report_id": str(entry.report_id),
            "source_id": str(entry.source.id),
            "origin": facts.origin,
            "commitment": commitment.hex(),
            "joined": joined_id is not None,
        },
    )
    money_in.enter(file, entry.source, joined=joined_id is not None)
    told: list[bytes] = []

    def tell() -> None:
        document = receipt(entry.report_id, entry.report_no, file, money_in.facts, joined=joined_id is not None)
        told.append(canonical(document))
        answer(told[0])

    save(desk, mail, told=tell)
    return told[0]


def open_case(desk: Desk, case_id: UUID, key: DataKey, facts: ReportFacts) -> CaseFile:
    """Begin the report's own case, with the authority that it names."""
    file = desk.open(case_id=case_id, key=key, origin=facts.origin, fraud_type=code_only(facts.fraud_type))
    if facts.authority:
        # Told by the report: it names the officer, so it is personal data.
        file.row["authority_cipher"] = key.seal(
            "cases",
            "authority",
            case_id,
            canonical({"name": None, "officer": None, "basis": None, "documents": [], **facts.authority}),
        )
    return file


def say_fraud_type(file: CaseFile, facts: ReportFacts) -> None:
    """Let a later report say what kind of fraud it is, where no earlier one did."""
    said = code_only(facts.fraud_type)
    if said is None or file.row["fraud_type"] is not None:
        return
    file.row["fraud_type"] = said
    file.desk.work.connection.execute(update(cases).where(cases.c.id == file.id).values(fraud_type=said))
    file.note("FraudTypeSaid", {"fraud_type": said})
