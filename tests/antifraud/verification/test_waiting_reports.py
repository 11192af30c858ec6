"""A report that waits for a scheme to be approved is worth a look; one that waits where orders may leave is wrong."""

from datetime import timedelta

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.verification.service import verify
from tests.factories import reports
from tests.factories.doorway import Doorway


def found(installation: Installation, centre: Centre) -> dict[str, bool]:
    """Return what differs, and whether it is only worth a look."""
    return {
        outcome.check: difference.is_warning
        for outcome in verify(installation, centre)
        for difference in outcome.differences
        if outcome.check.startswith("I1")
    }


def test_a_live_centre_without_an_approved_scheme_is_not_wrong_but_waits(
    installation: Installation, clock: FrozenClock
) -> None:
    live = next(centre for centre in installation.centres() if centre.kind == "live")
    assert reports.submit(installation, live, reports.report(clock.now())).status == 202
    clock.advance(timedelta(minutes=5))
    assert found(installation, live) == {"I1c": True}


def test_a_report_that_waits_where_orders_may_leave_is_a_difference(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Doorway(installation, drill, clock).as_owner("REVOKE INSERT ON parties FROM antifraud_app")
    assert reports.submit(installation, drill, reports.report(clock.now())).status == 202
    clock.advance(timedelta(minutes=5))
    assert found(installation, drill) == {"I1a": False}
