"""What is looked at before a report is taken: it must not grow with what its source sent."""

from antifraud.foundation.db import ask
from antifraud.intake.answers import _LOOK
from tests.factories.doorway import Doorway

_MANY = """
    INSERT INTO reports
    SELECT (jsonb_populate_record(reports, jsonb_build_object(
        'id', gen_random_uuid(), 'no', 'N' || number, 'source_ref_hash', NULL, 'seq', number + 1000
    ))).*
    FROM reports, generate_series(1, 3000) AS number
"""


def test_the_plan_that_is_kept_for_the_look_at_a_quota_does_not_read_and_sort_the_whole_minute(
    doorway: Doorway,
) -> None:
    assert doorway.post(doorway.report()).status_code == 201
    doorway.rows(_MANY)
    # As the server does by itself within a minute.
    doorway.as_owner("ANALYZE reports")
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        plan = "\n".join(line for (line,) in ask(connection, f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {_LOOK}"))
    assert "using reports_by_source" in plan
    assert "Sort" not in plan
    assert "Bitmap" not in plan
