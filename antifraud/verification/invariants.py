"""What must hold at every instant, as data: each query returns the rows that break its sentence, and no row is well.

I6 beyond its query is the replay, I9 is chain and tree, I10 the figures, and
I12 (no personal data outside ciphertext) can only be tested with canaries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from antifraud.verification.findings import Difference, Outcome, Scope, shown

GRACE = timedelta(seconds=60)
"""How long a loop may take for what it does next."""
MOST = 20
"""Rows that one query names."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One sentence and the query of what breaks it: columns `place`, `expected`, `found`.

    Attributes:
        id: Its number and, where it has several parts, a letter.
        sentence: What holds.
        sql: May use `:overdue` (now less the grace).
        needs_clock: Counts against the present, so that a clock that stands says nothing.
        is_warning: Worth a look; proves nothing wrong.
    """

    id: str
    sentence: str
    sql: str
    needs_clock: bool = False
    is_warning: bool = False


# Only a drill runs an example; in a live centre a named person must have approved the scheme.
_MAY_DISPATCH = """EXISTS (SELECT 1 FROM activations a JOIN centres c ON c.id = a.centre_id
    WHERE a.centre_id = r.centre_id AND a.ended_at IS NULL AND (a.status = 'active' OR c.kind = 'drill'))"""

INVARIANTS = (
    Invariant(
        "I1a",
        "every accepted report is in a case, where a scheme is in force under which orders may leave",
        f"""SELECT 'report ' || no AS place, 'a case' AS expected, 'stored since ' || accepted_at AS found
           FROM reports r WHERE state = 'stored' AND accepted_at < :overdue AND {_MAY_DISPATCH}""",  # noqa: S608 - our own words
        needs_clock=True,
    ),
    Invariant(
        "I1c",
        "no report waits for a scheme to be approved",
        f"""SELECT 'report ' || no AS place, 'an approved scheme' AS expected, 'stored since ' || accepted_at AS found
           FROM reports r WHERE state = 'stored' AND NOT {_MAY_DISPATCH}""",  # noqa: S608 - our own words
        is_warning=True,
    ),
    Invariant(
        "I1b",
        "every understood report is in the log of a case, and every report in the log is stored",
        """SELECT 'report ' || coalesce(r.no, e.report_id) AS place,
                  'a report and its ReportAccepted entry' AS expected,
                  CASE WHEN r.id IS NULL THEN 'only the entry, in ' || e.stream ELSE 'only the report' END AS found
           FROM (SELECT * FROM reports WHERE state = 'understood') r
           FULL JOIN (SELECT payload->>'report_id' AS report_id, stream FROM entries WHERE kind = 'ReportAccepted') e
             ON e.report_id = r.id::text
           WHERE r.id IS NULL OR e.report_id IS NULL""",
    ),
    Invariant(
        "I2",
        "one source, one key, one report, one body",
        """SELECT 'report ' || r.no AS place, 'one body and its own source' AS expected,
                  'a kept answer of another' AS found
           FROM idempotency i JOIN reports r ON r.id = i.report_id
           WHERE i.body_digest <> r.raw_digest OR i.source_id <> r.source_id""",
    ),
    Invariant(
        "I3a",
        "every account that a live report says received the money is claimed",
        """SELECT 'transfer ' || t.id || ' of case ' || c.no AS place, 'a hold' AS expected, 'none' AS found
           FROM transfers t JOIN cases c ON c.id = t.case_id JOIN reports r ON r.id = t.report_id
           WHERE t.tier > 0 AND r.origin = 'live' AND c.origin = 'live'
             AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.receipt_id = t.id)""",
    ),
    Invariant(
        "I3b",
        "every claim was asked of its institution, waits for a person, or was dropped",
        """SELECT 'hold ' || h.id AS place, 'a request, or an open task' AS expected, h.state AS found
           FROM holds h WHERE h.state <> 'dropped'
             AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.hold_id = h.id)
             AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.subject_id = h.id AND t.state = 'open')""",
    ),
    Invariant(
        "I4a",
        "every request has its message, whose institution is the request's, but what was held back before it had one",
        """SELECT 'request ' || r.id AS place, 'a message to ' || r.institution_id AS expected,
                  coalesce(o.institution_id::text, 'none') AS found
           FROM requests r LEFT JOIN outbox o ON o.id = r.id
           WHERE (o.id IS NULL AND NOT r.told AND NOT (r.stage = 'withdrawn' AND EXISTS (
                    SELECT 1 FROM entries e WHERE e.stream = 'case:' || r.case_id AND e.kind = 'ReleaseHeldBack'
                      AND e.payload->>'request_id' = r.id::text)))
              OR o.institution_id <> r.institution_id""",
    ),
    Invariant(
        "I4b",
        "every request that is queued is still being sent, or in a person's hands",
        """SELECT 'request ' || r.id AS place, 'a waiting message, or an open task' AS expected,
                  'message state ' || o.state || ' by ' || o.channel AS found
           FROM requests r JOIN outbox o ON o.id = r.id
           WHERE r.stage = 'queued' AND NOT (o.state IN (0, 1) AND o.channel <> 'manual')
             AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.subject_id = r.id AND t.state = 'open')
             AND NOT (o.state = 2 AND o.ended_at >= :overdue)""",
    ),
    Invariant(
        "I4c",
        "no message is tried whose request is withdrawn",
        """SELECT 'message ' || o.id AS place, 'a message that nobody sends' AS expected,
                  'message state ' || o.state AS found
           FROM outbox o JOIN requests r ON r.id = o.request_id WHERE r.stage = 'withdrawn' AND o.state IN (0, 1)""",
    ),
    Invariant(
        "I4d",
        "a due message is being tried",
        """SELECT 'message ' || id AS place, 'an attempt' AS expected, 'due since ' || next_attempt_at AS found
           FROM outbox WHERE state = 0 AND channel = 'push' AND next_attempt_at < :overdue""",
        needs_clock=True,
        is_warning=True,
    ),
    Invariant(
        "I5",
        "one live hold per procedure, account and receipt",
        """SELECT 'account ' || account_id || ' of procedure ' || procedure_id AS place, '1 live hold' AS expected,
                  count(*)::text AS found
           FROM holds WHERE account_id IS NOT NULL
             AND state IN ('unconfirmed', 'asked', 'stopped', 'frozen', 'queued_behind', 'in_question')
           GROUP BY procedure_id, account_id, receipt_id HAVING count(*) > 1""",
    ),
    Invariant(
        "I6",
        "every stop and freeze runs to exactly its own end",
        """SELECT 'hold ' || h.id AS place, 'a running end at ' || coalesce(h.ends_at::text, '?') AS expected,
                  coalesce(d.due_at::text, 'none') AS found
           FROM holds h LEFT JOIN deadlines d ON d.subject_id = h.id AND d.state = 'running'
             AND d.kind = CASE h.state WHEN 'stopped' THEN 'stop_end' ELSE 'freeze_end' END
           WHERE h.state IN ('stopped', 'frozen') AND d.due_at IS DISTINCT FROM h.ends_at""",
    ),
    Invariant(
        "I7a",
        "every answer in the log is an applied reply of the institution that was asked",
        """SELECT e.stream || ' seq ' || e.seq AS place,
                  'an applied reply of ' || coalesce(r.institution_id::text, 'the institution') AS expected,
                  coalesce('a ' || p.state || ' reply of ' || p.institution_id, 'no reply') AS found
           FROM entries e LEFT JOIN replies p ON p.id::text = e.payload->>'reply_id'
           LEFT JOIN requests r ON r.id::text = e.payload->>'request_id'
           WHERE e.kind = 'AnswerReceived'
             AND (p.id IS NULL OR r.id IS NULL OR p.state <> 'applied' OR p.institution_id <> r.institution_id
                  OR p.request_id <> r.id)""",
    ),
    Invariant(
        "I7b",
        "every applied reply is in the log of its case",
        """SELECT 'reply ' || p.id AS place, 'an AnswerReceived entry' AS expected, 'none' AS found
           FROM replies p WHERE p.state = 'applied' AND NOT EXISTS (
             SELECT 1 FROM entries e WHERE e.kind = 'AnswerReceived' AND e.payload->>'reply_id' = p.id::text)""",
    ),
    Invariant(
        "I7c",
        "every request that its definition wants approved first was approved by another person",
        """SELECT r.kind || ' ' || r.id AS place, 'an approval given by another person' AS expected, 'none' AS found
           FROM requests r WHERE r.approval = 'before'
             AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.hold_id = r.hold_id AND a.act = r.kind
                             AND a.state = 'given' AND a.decided_by <> a.asked_by AND a.decided_at <= r.created_at)""",
    ),
    Invariant(
        "I8a",
        "no institution is awaited without a clock",
        """SELECT 'request ' || r.id AS place, 'a running clock' AS expected, r.stage AS found
           FROM requests r WHERE r.stage NOT IN ('answered', 'withdrawn') AND NOT EXISTS (
             SELECT 1 FROM deadlines d WHERE d.subject_id = r.id AND d.state = 'running')""",
    ),
    Invariant(
        "I8b",
        "a due instant is acted on within a minute",
        """SELECT 'deadline ' || id AS place, 'fired at ' || due_at AS expected, 'still running' AS found
           FROM deadlines WHERE state = 'running' AND due_at < :overdue ORDER BY due_at""",
        needs_clock=True,
        is_warning=True,
    ),
    Invariant(
        "I8c",
        "a clock fires once",
        """SELECT 'deadline ' || (payload->>'clock_id') AS place, '1 entry' AS expected, count(*)::text AS found
           FROM entries WHERE kind = 'ClockReached' GROUP BY payload->>'clock_id' HAVING count(*) > 1""",
    ),
    Invariant(
        "I11",
        "every message, attempt and reply belongs to the institution of its request",
        """SELECT x.what || ' ' || x.id AS place, r.institution_id::text AS expected, x.institution_id::text AS found
           FROM (SELECT 'message' AS what, id, request_id, institution_id FROM outbox
                 UNION ALL SELECT 'attempt', id, request_id, institution_id FROM attempts
                 UNION ALL SELECT 'reply', id, request_id, institution_id FROM replies) x
           JOIN requests r ON r.id = x.request_id WHERE r.institution_id <> x.institution_id""",
    ),
    Invariant(
        "I13a",
        "amounts are whole minor units: NUMERIC(38,0), and nothing is a float",
        """SELECT table_name || '.' || column_name AS place, 'numeric(38,0)' AS expected,
                  data_type || '(' || coalesce(numeric_precision::text, '') || ','
                  || coalesce(numeric_scale::text, '') || ')' AS found
           FROM information_schema.columns WHERE table_schema = 'public'
             AND (data_type IN ('real', 'double precision', 'money')
                  OR (column_name LIKE '%\\_minor' AND (data_type, numeric_precision, numeric_scale)
                      IS DISTINCT FROM ('numeric', 38, 0)))""",
    ),
    Invariant(
        "I13b",
        "every amount stands beside its asset",
        """SELECT table_name AS place, 'a column asset' AS expected, 'none' AS found
           FROM information_schema.columns c WHERE table_schema = 'public' AND column_name LIKE '%\\_minor'
             AND NOT EXISTS (SELECT 1 FROM information_schema.columns a WHERE a.table_schema = 'public'
                             AND a.table_name = c.table_name AND a.column_name = 'asset')
           GROUP BY table_name""",
    ),
    Invariant(
        "I14a",
        "the role of the processes can neither change nor delete what is append-only",
        """SELECT table_name AS place, 'SELECT and INSERT' AS expected, privilege_type AS found
           FROM information_schema.role_table_grants
           WHERE grantee = current_user AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
             AND (table_name IN ('entries', 'leaves', 'tree_heads', 'attempts', 'facts', 'snapshots',
                                 'signature_refusals', 'definitions') OR table_name LIKE 'entries\\_%')""",
    ),
    Invariant(
        "I14b",
        "row security binds the role of the processes, on every table of a centre",
        """SELECT c.relname::text AS place, 'row security, forced' AS expected, 'open' AS found
           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'centre_id'
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
           UNION ALL SELECT 'role ' || rolname, 'no superuser, no BYPASSRLS', 'one' FROM pg_roles
           WHERE rolname = current_user AND (rolsuper OR rolbypassrls)""",
    ),
    Invariant(
        "I15a",
        "every request is answered, open or withdrawn",
        """SELECT 'request ' || id AS place, 'a known stage, answered with an outcome' AS expected,
                  stage || ', ' || coalesce(outcome, 'no outcome') AS found
           FROM requests WHERE stage NOT IN ('queued', 'delivered', 'received', 'executed', 'answered', 'withdrawn')
              OR (stage = 'answered') <> (outcome IS NOT NULL)""",
    ),
    Invariant(
        "I15b",
        "every case has a report",
        """SELECT 'case ' || no AS place, 'a report' AS expected, 'none' AS found
           FROM cases c WHERE NOT EXISTS (SELECT 1 FROM reports r WHERE r.case_id = c.id)""",
    ),
    Invariant(
        "I16",
        "nothing is known before its cause: the log has a cause before what it caused",
        """SELECT e.stream || ' seq ' || e.seq AS place, 'after its cause, seq ' || c.seq AS expected,
                  'before it' AS found
           FROM entries e JOIN entries c ON c.opened_month = e.opened_month AND c.stream = e.stream
             AND c.id = e.cause_id WHERE c.seq >= e.seq""",
    ),
)


def check(scope: Scope, those: Iterable[Invariant] = INVARIANTS) -> Iterator[Outcome]:
    """Run every query; a clock that stands makes those that count against the present say nothing."""
    for invariant in those:
        if invariant.needs_clock and scope.clock_stands:
            continue
        rows = scope.connection.execute(text(f"{invariant.sql} LIMIT {MOST}"), _parameters(scope, invariant))
        yield Outcome(
            check=invariant.id,
            sentence=invariant.sentence,
            looked_at=1,
            differences=tuple(
                Difference(
                    check=invariant.id,
                    where=str(row.place),
                    what=invariant.sentence,
                    expected=shown(row.expected),
                    found=shown(row.found),
                    is_warning=invariant.is_warning,
                )
                for row in rows
            ),
        )


def _parameters(scope: Scope, invariant: Invariant) -> dict[str, object]:
    return {"overdue": scope.now - GRACE} if ":overdue" in invariant.sql else {}
