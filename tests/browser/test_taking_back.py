"""With a thumb, on a phone: a wrong account corrected and a report taken back, each fault told beside its field."""

import json
import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.people import Staff
from tests.browser.scene import Scene
from tests.browser.tabs import PHONE, Tab
from tests.processes.harness import System
from tests.processes.procs import wait_for

STOPPED = """
    SELECT count(*) FROM holds hold JOIN cases c ON c.id = hold.case_id
    WHERE c.no = :no AND hold.state = 'stopped'"""
VOID = "SELECT count(*) FROM holds h JOIN cases c ON c.id = h.case_id WHERE c.no = :no AND h.state = 'released'"


@pytest.fixture
def number(station: System, scene: Scene) -> str:
    """A fresh case whose one account was stopped."""
    document = station.document("SIM-PROMPT")
    station.submit(document)
    told: str = json.loads(station.acked[document["source_ref"]])["case"]["no"]
    wait_for("the bank stopped it", partial(_is, station, STOPPED, told), 60)
    return told


def _is(station: System, sql: str, no: str) -> bool:
    return bool(station.one(sql, no=no))


def act(window: Tab, verb: str) -> Locator:
    """Open an act of the case's page, wherever it stands, and return it."""
    more = window.page.locator("#more-acts")
    if more.count() and more.get_attribute("open") is None:
        more.locator("summary").first.click()
    found = window.page.locator(f'[data-offer="{verb}"]').first
    details = found.locator("details")
    if details.count() and details.get_attribute("open") is None:
        details.locator("summary").click()
    return found


def test_a_wrong_account_is_corrected_on_a_phone(
    number: str, tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window = tab(staff.operator, size=PHONE)
    window.go(f"/cases/{number}")
    form = act(window, "correct")
    right = str(station.document("SIM-PROMPT")["transfers"][0]["to"]["number"])
    form.locator('[data-field="institution"]').fill("SIM-PROMPT")
    form.locator('[data-field="account"]').fill("12")
    form.locator('[data-act="correct"]').click()
    fault = window.page.locator('[data-offer="correct"] .errmsg')
    expect(fault).to_contain_text("写全每一位")
    expect(window.page.locator('[data-offer="correct"] [data-field="institution"]')).to_have_value("SIM-PROMPT")
    assert window.overflow() == []

    form = act(window, "correct")
    form.locator('[data-field="account"]').fill(right)
    form.locator('[data-act="correct"]').click()
    wrong = window.page.locator('tr[data-void="corrected"]')
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text(right[-4:])
    expect(window.page.locator('#story [data-kind="ClaimCorrected"]')).to_contain_text(right[-4:])
    assert right not in window.page.content()
    assert window.overflow() == []
    assert window.axe() == []
    wait_for("the wrong account was let go", partial(_is, station, VOID, number), 60)


def test_a_report_is_taken_back_by_two_people_on_phones(
    number: str, tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    mine, other = tab(staff.operator, size=PHONE), tab(staff.supervisor, size=PHONE)
    mine.go(f"/cases/{number}")
    form = act(mine, "withdraw")
    form.locator('[data-field="side"]').select_option("victim")
    form.locator('[data-act="withdraw"]').click()
    expect(mine.page.locator("[data-withdrawal]")).to_be_visible()
    act(mine, "verify").locator('[data-act="verify"]').click()
    expect(mine.page.locator("[data-withdrawal]")).to_contain_text(re.compile("核实人不能决定"))
    expect(mine.page.locator('[data-offer="decide_withdrawal"]')).to_have_count(0)

    other.go(f"/cases/{number}")
    form = act(other, "decide_withdrawal")
    form.locator('[data-field="approved"]').select_option("yes")
    form.locator('[data-act="decide_withdrawal"]').click()
    expect(other.page.locator('tr[data-void="withdrawn"]')).to_have_count(1)
    assert other.overflow() == []
    assert other.axe() == []
    wait_for("the account was let go", partial(_is, station, VOID, number), 60)
    other.page.reload()
    expect(other.page.locator('[data-sum="stopped"]')).to_have_count(0)
