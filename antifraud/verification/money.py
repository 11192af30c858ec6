"""What must hold of the money, as data: parts that add up, holds within balances, returns within holds, rates in time.

The sums themselves are those of `workflows.money`; here they are made again in
SQL, from what was stored.
"""

from collections.abc import Iterator

from antifraud.verification import invariants
from antifraud.verification.findings import Outcome, Scope
from antifraud.verification.invariants import Invariant

_SAID = """coalesce(held_minor, 0) + coalesce(onward_minor, 0) + coalesce(withdrawn_minor, 0)
           + coalesce(spent_minor, 0) + coalesce(left_minor, 0)"""

MONEY = (
    Invariant(
        "I17a",
        "what an institution says arrived is the sum of its parts, or more while a part is not told",
        f"""SELECT 'reply ' || id AS place, arrived_minor || ' ' || asset AS expected,
                  ({_SAID}) || ' in parts' AS found
           FROM statements WHERE {_SAID} > arrived_minor
              OR ({_SAID} < arrived_minor
                  AND num_nulls(held_minor, onward_minor, withdrawn_minor, spent_minor, left_minor) = 0)""",  # noqa: S608 - our own words
    ),
    Invariant(
        "I17b",
        "the holds on an account, over all cases, are within the balance that its institution stated last",
        """SELECT 'account ' || b.account_id AS place, 'at most ' || b.balance_minor || ' ' || b.asset AS expected,
                  sum(h.held_minor) || ' held' AS found
           FROM (SELECT DISTINCT ON (account_id, asset) account_id, asset, balance_minor, at FROM statements
                 WHERE balance_minor IS NOT NULL ORDER BY account_id, asset, at DESC, id DESC) b
           JOIN holds h ON h.account_id = b.account_id AND h.asset = b.asset
             AND h.state IN ('unconfirmed', 'asked', 'stopped', 'frozen', 'queued_behind', 'in_question')
             AND (h.paid_at IS NULL OR h.paid_at <= b.at)
           GROUP BY b.account_id, b.asset, b.balance_minor HAVING sum(h.held_minor) > b.balance_minor""",
        is_warning=True,
    ),
    Invariant(
        "I17c",
        "no more was given back of a hold than was ever held there, or recalled where a recall holds nothing",
        """SELECT 'hold ' || n.hold_id AS place, 'at most ' || coalesce(f.most, c.most, 0) AS expected,
                  n.back::text AS found
           FROM (SELECT hold_id, sum(amount_minor) AS back FROM return_notices GROUP BY hold_id) n
           LEFT JOIN (SELECT subject_id, max(amount_minor) AS most FROM facts
                      WHERE kind = 'hold' GROUP BY subject_id) f ON f.subject_id = n.hold_id
           LEFT JOIN (SELECT hold_id, max(asked_minor) AS most FROM requests
                      WHERE role IN ('stop', 'query') GROUP BY hold_id) c ON c.hold_id = n.hold_id
           WHERE n.back > coalesce(f.most, c.most, 0)""",
    ),
    Invariant(
        "I17d",
        "a return counts once, under whatever message it is told",
        """SELECT 'hold ' || min(hold_id::text) AS place, '1 notice under a reference' AS expected,
                  count(*)::text AS found
           FROM return_notices WHERE reference_hash IS NOT NULL GROUP BY reference_hash HAVING count(*) > 1""",
    ),
    Invariant(
        "I17e",
        "no payment left an account before the money can have come there, by more than two minutes",
        """SELECT 'transfer ' || t.id AS place, 'not before ' || min(c.earliest_at) AS expected,
                  t.latest_at::text AS found
           FROM transfers t JOIN transfers c ON c.case_id = t.case_id AND c.payee_account_id = t.payer_account_id
             AND c.tier > 0 AND c.id <> t.id
           WHERE t.tier > 1 GROUP BY t.id, t.latest_at
           HAVING bool_and(c.earliest_at IS NOT NULL) AND t.latest_at + interval '2 minutes' < min(c.earliest_at)""",
        is_warning=True,
    ),
    Invariant(
        "I17f",
        "a report is valued by a rate of its asset that was known when it was accepted",
        """SELECT 'report ' || v.report_id AS place, v.asset || ' known by ' || v.at AS expected,
                  r.asset || ' of ' || r.at || ', recorded ' || r.recorded_at AS found
           FROM valuations v JOIN rates r ON r.id = v.rate_id
           WHERE r.asset <> v.asset OR r.at > v.at OR r.recorded_at > v.at""",
    ),
)


def check(scope: Scope) -> Iterator[Outcome]:
    """Run every query."""
    yield from invariants.check(scope, MONEY)
