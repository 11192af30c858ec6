"""Undoing a joining: the report gets a case and orders of its own, the old case keeps what it asked."""

import json

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.intake.separating import CannotSeparate
from antifraud.verification.service import verify
from tests.factories import reports
from tests.factories.doorway import Doorway

OTHER_ACCOUNT = {"institution": "SIM-PROMPT", "number": "9991010000000026", "holder": "赵六"}


def told(installation: Installation, drill: Centre, clock: FrozenClock) -> tuple[str, str]:
    """Report one payment twice, the second time with another account; return the two report numbers."""
    first = reports.submit(installation, drill, reports.report(clock.now(), source_ref="a"))
    transfers = [reports.transfer(clock.now(), to=OTHER_ACCOUNT)]
    second = reports.submit(installation, drill, reports.report(clock.now(), source_ref="b", transfers=transfers))
    assert json.loads(second.body)["case"]["joined"]
    return json.loads(first.body)["report"]["no"], json.loads(second.body)["report"]["no"]


def test_a_report_that_was_joined_wrongly_gets_a_case_and_an_order_of_its_own(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    doorway = Doorway(installation, drill, clock)
    _, second = told(installation, drill, clock)
    assert doorway.count("requests") == 1, "an order never changes by another report"
    done = reports.door(installation).separate(drill, second, "other_payment", "user:anna")
    assert done.old.no != done.new.no
    assert doorway.count("cases") == 2
    assert doorway.count("requests", f"case_id = '{done.new.id}'") == 1
    assert doorway.count("requests", f"case_id = '{done.old.id}'") == 1
    assert doorway.count("reports", f"case_id = '{done.new.id}'") == 1
    assert doorway.count("parties", f"case_id = '{done.new.id}'") == 1
    wrong = [str(found) for outcome in verify(installation, drill) for found in outcome.differences]
    assert wrong == []


def test_the_report_that_opened_a_case_stays_in_it(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    first, _ = told(installation, drill, clock)
    with pytest.raises(CannotSeparate, match="opened"):
        reports.door(installation).separate(drill, first, "other_payment", "user:anna")


def test_a_reason_in_words_is_refused(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    _, second = told(installation, drill, clock)
    with pytest.raises(ValueError, match="code"):
        reports.door(installation).separate(drill, second, "张三 said so", "user:anna")
