"""From the call to the bank's answer, without a pointer, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.people import Language, Staff
from tests.browser.sheets import Keys, account_at, begin, field, minutes_ago, sent_case
from tests.browser.tabs import Tab
from tests.processes.harness import System

MOST_KEYS = 45
SHORTEST_CALL_SECONDS = 60
OF_ACCOUNT = """
    SELECT request.outcome, request.asked_minor, case_.no
    FROM requests request JOIN cases case_ ON case_.id = request.case_id
    WHERE case_.no = :no"""
MESSAGE = (
    "【{bank}】您尾号5508的账户{day}{time}转账支出人民币42,000.00元，收款方李四，收款账号{account}，余额310.26元。"
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_is_taken_sent_and_seen_answered_by_keyboard_alone(
    language: Language, tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window = tab(language=language)
    window.sign_in(staff.operator)
    began = station.clock.now()
    keys = Keys(window.page)
    begin(window, keys)
    keys.type(account_at("SIM-PROMPT"))
    keys.press("Enter")
    expect(field(window, "amount")).to_be_focused()
    keys.type("4.2w")
    keys.press("Enter")
    expect(field(window, "time")).to_be_focused()
    keys.type(minutes_ago(station, 10))
    keys.press("Enter", "Control+Enter")
    number = case_number(window)
    assert keys.pressed <= MOST_KEYS
    assert (station.clock.now() - began).total_seconds() < SHORTEST_CALL_SECONDS

    answered_on_its_page(window, number)
    found = station.rows(OF_ACCOUNT, no=number)
    assert [(row.outcome, int(row.asked_minor)) for row in found] == [("full", 4_200_000)]


def test_one_paste_and_one_chord_send_a_report(tab: Callable[..., Tab], station: System, staff: Staff) -> None:
    window = tab(staff.operator)
    window.go("/")
    account, at = account_at("SIM-PROMPT"), station.clock.now()
    message = MESSAGE.format(
        bank="云杉银行", day=f"{at.month}月{at.day}日", time=minutes_ago(station, 10), account=account
    )
    window.page.evaluate("text => navigator.clipboard.writeText(text)", message)
    keys = Keys(window.page)
    begin(window, keys)
    keys.press("Control+v", "Control+Enter")
    number = case_number(window)
    answered_on_its_page(window, number)
    found = station.rows(OF_ACCOUNT, no=number)
    assert [(row.outcome, int(row.asked_minor)) for row in found] == [("full", 4_200_000)]


def test_pressing_send_with_a_fact_missing_goes_to_it_and_says_so(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window = tab(staff.operator)
    window.go("/")
    before = station.one("SELECT count(*) FROM reports")
    begin(window)
    window.page.keyboard.type(account_at("SIM-PROMPT"))
    window.page.keyboard.press("Control+Enter")
    expect(field(window, "amount")).to_be_focused()
    expect(window.page.locator("#send-says")).to_contain_text("金额")
    assert station.one("SELECT count(*) FROM reports") == before


def case_number(window: Tab) -> str:
    """Wait until the report is sent, and return the number of its case."""
    link = sent_case(window)
    link.wait_for()
    return str(link.get_attribute("href")).rpartition("/")[2]


def answered_on_its_page(window: Tab, number: str) -> None:
    """Go to the case by its number, and see the bank's answer there."""
    window.page.keyboard.press("Control+k")
    window.page.keyboard.type(number)
    window.page.keyboard.press("Enter")
    window.page.wait_for_url(f"**/cases/{number}")
    expect(window.page.locator("#requests [data-st=held]").first).to_be_visible()
    expect(window.page.locator('[data-sum="stopped"]')).to_have_text("¥42,000.00")
