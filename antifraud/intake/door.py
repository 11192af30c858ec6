"""The door for reports: opens the transactions, so that whatever happens inside, the report is not lost."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from antifraud.auth.service import Centre, Source
from antifraud.cases.casefile import CaseFile
from antifraud.cases.definitions import NoDefinitionInForce
from antifraud.cases.messages import Mail
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, retrying
from antifraud.foundation.json import loads
from antifraud.foundation.problems import InvalidReport, KeyInProgress, KeyReused, Problem, QuotaExceeded, fault
from antifraud.foundation.seams import seam
from antifraud.installation import Installation
from antifraud.intake import withdrawing
from antifraud.intake.answers import Answer, Submission, answered_before
from antifraud.intake.facts import ReportFacts
from antifraud.intake.forgetting import UnknownReport
from antifraud.intake.profiles import PROFILES, Profile
from antifraud.intake.separating import Separated, separate
from antifraud.intake.service import accept, accept_stored
from antifraud.intake.stored import StoredReport, refuse, store_only, stored_report, stored_reports
from antifraud.vault.service import Vault
from antifraud.work import Work

MAX_REPORT_BYTES = 1_000_000
STORED_AT_ONCE = 50
LATE_ACTOR = "loop:runs"
RETRY_STORED_AFTER = timedelta(seconds=30)

log = structlog.get_logger()


def _no_report(number: str) -> str:
    return f"there is no report {number}, or it was forgotten"


@dataclass(frozen=True, slots=True)
class Door:
    """Takes reports in, each in one transaction of its own."""

    database: Database
    clock: Clock
    vault: Vault
    mails: Mapping[UUID, Mail]
    centres: Mapping[UUID, Centre]
    _again: dict[UUID, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, installation: Installation) -> Self:
        """Return the door of an installation, for all its centres."""
        centres = {centre.id: centre for centre in installation.centres()}
        return cls(
            database=installation.database,
            clock=installation.clock,
            vault=installation.vault,
            mails={centre.id: installation.mail(centre) for centre in centres.values()},
            centres=centres,
        )

    def submit(self, submission: Submission) -> Answer:
        """Accept one report, or answer a repeated one with what was answered before.

        Raises:
            Problem: What the sender must mend; a report that could not be
                understood is kept as refused all the same.
        """
        facts = None
        try:
            facts = self._understand(submission)
            answer = retrying(partial(self._accept, submission, facts))
        except (KeyInProgress, QuotaExceeded):
            raise  # nothing was kept, and the answer says so: the sender sends it again
        except Problem as problem:
            before = retrying(partial(self._keep_refused, submission, problem, is_understood=facts is not None))
            if before is None:
                raise
            return before
        except NoDefinitionInForce:
            log.warning("report_waits_for_a_scheme", source=submission.source.code)
            return retrying(partial(self._store_only, submission, facts.source_ref if facts else None, "scheme"))
        except Exception:
            log.exception("report_not_understood", source=submission.source.code)
            return retrying(partial(self._store_only, submission, facts.source_ref if facts else None, "repair"))
        seam("intake.committed")
        return answer

    def understand_stored(self, centre: Centre) -> int:
        """Try again what a fault of ours kept from being understood; return how many reports found their case."""
        done, last = 0, None
        while waiting := self._stored(centre, last):
            for stored in waiting:
                if self._again.get(stored.id, self.clock.now()) > self.clock.now():
                    continue
                try:
                    done += retrying(partial(self._accept_stored, centre, stored))
                except NoDefinitionInForce:
                    return done  # said when each report came; all of them wait for the same act
                except Exception:
                    # The others must not wait for this one; it stays stored, and `antifraud status` counts it.
                    log.exception("report_still_not_understood", report_id=str(stored.id))
                    self._again[stored.id] = self.clock.now() + RETRY_STORED_AFTER
            last = waiting[-1]
        return done

    def separate(self, centre: Centre, number: str, reason: str, actor: str) -> Separated:
        """Give a joined report a case of its own.

        Raises:
            UnknownReport: There is none of that number, or it was forgotten.
            CannotSeparate: See `separating.separate`.
        """

        def once() -> Separated:
            with self.database.begin(centre.id) as connection:
                work = self._hands(connection, centre.id, actor)
                stored = self._report(work, number)
                return separate(
                    work, self.mails[centre.id], stored, self._facts_of(stored), reason, currency=centre.currency
                )

        return retrying(once)

    def withdraw(self, centre: Centre, number: str, side: str, actor: str, *, source: Source | None = None) -> UUID:
        """Note that the reporter's side wants a report back; with ``source`` only its own reports are known.

        Raises:
            UnknownReport: There is none of that number, or it was forgotten, or another source sent it.
            CannotWithdraw: See `withdrawing.ask`.
        """

        def once() -> UUID:
            with self.database.begin(centre.id) as connection:
                work = self._hands(connection, centre.id, actor)
                stored = self._report(work, number)
                if source is not None and stored.source.id != source.id:
                    raise UnknownReport(_no_report(number))
                return withdrawing.ask(
                    work, self.mails[centre.id], stored, self._facts_of, side=side, currency=centre.currency
                )

        return retrying(once)

    def decide_withdrawal(self, centre: Centre, number: str, actor: str, *, approved: bool) -> CaseFile:
        """Approve or refuse the withdrawal of a report.

        Raises:
            UnknownReport: There is none of that number, or it was forgotten.
            CannotWithdraw: See `withdrawing.decide`.
        """

        def once() -> CaseFile:
            with self.database.begin(centre.id) as connection:
                work = self._hands(connection, centre.id, actor)
                stored = self._report(work, number)
                return withdrawing.decide(
                    work, self.mails[centre.id], stored, self._facts_of, approved=approved, currency=centre.currency
                )

        return retrying(once)

    def _report(self, work: Work, number: str) -> StoredReport:
        stored = stored_report(work, number)
        if stored is None:
            raise UnknownReport(_no_report(number))
        return stored

    def _facts_of(self, stored: StoredReport) -> ReportFacts:
        return self._understand(Submission(source=stored.source, key="", raw=stored.raw, profile=stored.profile))

    def _stored(self, centre: Centre, after: StoredReport | None) -> list[StoredReport]:
        with self.database.begin(centre.id) as connection:
            return stored_reports(self._hands(connection, centre.id, LATE_ACTOR), STORED_AT_ONCE, after=after)

    def _accept_stored(self, centre: Centre, stored: StoredReport) -> bool:
        facts = self._facts_of(stored)
        with self.database.begin(centre.id) as connection:
            work = self._hands(connection, centre.id, LATE_ACTOR)
            return accept_stored(work, self.mails[centre.id], stored, facts, currency=centre.currency)

    def _understand(self, submission: Submission) -> ReportFacts:
        document = loads(submission.raw, max_bytes=MAX_REPORT_BYTES)
        read: Profile = PROFILES[submission.profile]
        facts = read(document, now=self.clock.now())
        if facts.origin == "historical" and not submission.source.may_send_history:
            detail = "this source may not send history: leave origin out"
            raise InvalidReport(detail, errors=[fault("/origin", detail)])
        return facts

    def _accept(self, submission: Submission, facts: ReportFacts) -> Answer:
        source = submission.source
        try:
            with self.database.begin(source.centre_id) as connection:
                work = self._work(connection, submission)
                before = answered_before(work, submission, facts.source_ref)
                if before is not None:
                    return before
                centre = self.centres[source.centre_id]
                answer = accept(work, self.mails[source.centre_id], submission, facts, currency=centre.currency)
                seam("intake.written")
                return answer
        except IntegrityError as error:
            # A twin with the same key or reference committed between our look and our write.
            if "idempotency" in str(error.orig) or "reports_one_per_source_ref" in str(error.orig):
                raise KeyInProgress("the same report was accepted at this moment: ask again in a second") from error
            raise

    def _keep_refused(self, submission: Submission, problem: Problem, *, is_understood: bool) -> Answer | None:
        """Keep what was refused; return the kept answer instead where the same bytes were accepted under this key.

        Only what was not understood can have one (the source's rights changed
        since, or our clock did): an understood report was looked for before.
        """
        with self.database.begin(submission.source.centre_id) as connection:
            work = self._work(connection, submission)
            before = None
            if not is_understood:
                with suppress(KeyReused):
                    before = answered_before(work, submission, None)
            if before is None:
                refuse(work, submission, [found["pointer"] for found in problem.errors])
            return before

    def _store_only(self, submission: Submission, source_ref: str | None, waits_for: str) -> Answer:
        with self.database.begin(submission.source.centre_id) as connection:
            work = self._work(connection, submission)
            before = answered_before(work, submission, source_ref)
            return before or store_only(work, submission, source_ref, waits_for=waits_for)

    def _work(self, connection: Connection, submission: Submission) -> Work:
        source = submission.source
        return self._hands(connection, source.centre_id, submission.actor or f"source:{source.code}")

    def _hands(self, connection: Connection, centre_id: UUID, actor: str) -> Work:
        return Work(connection=connection, clock=self.clock, centre_id=centre_id, actor=actor, vault=self.vault)
