"""A bad line: nothing typed is lost, nothing is sent twice, nothing is said to be sent that was not."""

from collections.abc import Callable
from datetime import datetime, timedelta

from playwright.sync_api import Route, expect

from tests.browser.people import Staff
from tests.browser.scene import Scene, case_id_of
from tests.browser.sheets import begin, field, fill, saved, sent_case
from tests.browser.tabs import Tab
from tests.processes.harness import System
from tests.processes.procs import wait_for

SEEN_WITHIN = timedelta(seconds=1)
POLLED_WITHIN_SECONDS = 15
ALIVE_FOR = timedelta(seconds=15)
REPORTS = "SELECT count(*) FROM reports"
HELD = "#requests [data-st=held]"


def test_what_is_typed_while_the_network_is_away_is_kept_and_saved_when_it_is_back(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window, other = tab(staff.operator), tab(staff.colleague)
    window.go("/")
    address = begin(window)
    window.context.set_offline(offline=True)
    number = fill(window, station)
    field(window, "name").fill("李四")
    expect(saved(window)).to_have_count(0)
    window.page.wait_for_timeout(1500)
    expect(window.page.locator("#draft-state .tag")).to_have_attribute("data-st", "soon")
    window.context.set_offline(offline=False)
    expect(saved(window)).to_be_visible()

    other.go(address)
    expect(field(other, "account")).to_have_value(" ".join(number[at : at + 4] for at in range(0, len(number), 4)))
    expect(field(other, "amount")).to_have_value("42,000.00")
    expect(field(other, "name")).to_have_value("李四")


def test_a_tab_that_reloads_without_a_network_has_everything_again(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window = tab(staff.operator)
    window.go("/")
    begin(window)
    window.page.route("**/reports/new/*", _abort_posts)
    field(window, "name").fill("王五")
    expect(window.page.locator("#draft-state .tag")).to_have_attribute("data-st", "soon")
    window.page.on("dialog", lambda dialog: dialog.accept())
    window.page.reload()
    expect(field(window, "name")).to_have_value("王五")
    window.page.unroute_all()
    expect(saved(window)).to_be_visible()


def test_sending_without_a_network_says_that_it_is_not_sent_and_then_sends_once(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    before = station.one(REPORTS)
    window = tab(staff.operator)
    window.go("/")
    begin(window)
    fill(window, station)
    window.page.keyboard.press("Enter")
    expect(saved(window)).to_be_visible()
    window.context.set_offline(offline=True)
    window.page.keyboard.press("Control+Enter")
    says = window.page.locator("#fallback")
    expect(says).to_be_visible()
    expect(says.locator(".retry-says")).to_contain_text("未发出")
    expect(window.page.locator("#strip")).to_have_count(0)
    assert station.one(REPORTS) == before
    window.context.set_offline(offline=False)
    expect(sent_case(window)).to_be_visible()
    assert station.one(REPORTS) == before + 1


def test_an_answer_that_is_lost_after_sending_makes_no_second_report(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    before = station.one(REPORTS)
    window = tab(staff.operator)
    window.go("/")
    begin(window)
    fill(window, station)
    window.page.keyboard.press("Enter")
    expect(saved(window)).to_be_visible()
    lost: list[int] = []

    def lose_the_answer(route: Route) -> None:
        if "do=send" in (route.request.post_data or "") and not lost:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.fallback()

    window.page.route("**/reports/new/*", lose_the_answer)
    window.page.keyboard.press("Control+Enter")
    expect(sent_case(window)).to_be_visible()
    assert lost == [200]
    assert station.one(REPORTS) == before + 1


def test_after_ten_seconds_of_silence_the_line_is_shaky_and_after_twenty_it_is_cut(
    tab: Callable[..., Tab], station: System, staff: Staff, scene: Scene
) -> None:
    window = tab(staff.operator)
    window.page.clock.install()
    window.go("/")
    is_live(window)
    for path in ("**/live", "**/pulse*"):
        window.page.route(path, lambda route: route.abort())
    window.page.evaluate("window.dispatchEvent(new Event('online'))")
    window.page.clock.run_for(12_000)
    expect(window.page.locator("#live .live-word")).to_contain_text("连接不稳")
    window.page.clock.run_for(10_000)
    banner = window.page.locator('#banners [data-name="offline"]')
    expect(banner).to_have_attribute("role", "alert")
    expect(banner).to_contain_text("连接断开")
    expect(window.page.locator("body.stale")).to_have_count(1)
    expect(window.page.locator("#rows .cd .about").first).to_be_visible()
    window.page.unroute_all()
    banner.locator(".btn").click()
    window.page.clock.run_for(3_000)
    is_live(window)
    expect(banner).to_have_count(0)
    expect(window.page.locator('#banners [data-name="back"]')).to_contain_text("已恢复")


def test_a_killed_server_comes_back_under_an_open_page(tab: Callable[..., Tab], station: System, staff: Staff) -> None:
    before = station.one(REPORTS)
    window = tab(staff.operator)
    window.go("/")
    address = begin(window)
    fill(window, station)
    window.may_fail = True
    station.kill("web")
    try:
        field(window, "name").fill("赵六")
        window.page.wait_for_timeout(1500)
        window.page.keyboard.press("Control+Enter")
        expect(window.page.locator("#fallback")).to_be_visible()
    finally:
        station.start("web")
    expect(sent_case(window)).to_be_visible(timeout=20_000)
    window.may_fail = False
    is_live(window)
    assert station.one(REPORTS) == before + 1
    # The session is the same one, and the draft is what was sent.
    assert window.go(address).status == 200
    expect(window.page.locator(".facts-sent")).to_contain_text("赵")


def test_a_banks_answer_is_on_the_open_page_within_a_second_of_its_commit(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    lateness = []
    for _ in range(3):
        window = tab(staff.operator)
        number = open_case(window, station, after_seconds=4)
        case_id = case_id_of(station, number)
        is_live(window)
        expect(window.page.locator(HELD)).to_have_count(0)
        seen = window.page.evaluate(SHOWN_AT, HELD)
        answered = station.one("SELECT max(answered_at) FROM requests WHERE case_id = :id", id=case_id)
        lateness.append(datetime.fromtimestamp(seen / 1000, answered.tzinfo) - answered)
        window.page.close()
    assert min(lateness) < SEEN_WITHIN, lateness


def test_without_the_stream_the_page_asks_and_says_so(tab: Callable[..., Tab], station: System, staff: Staff) -> None:
    window = tab(staff.operator)
    window.page.route("**/live", lambda route: route.abort())
    open_case(window, station, after_seconds=8)
    expect(window.page.locator("#live .live-word")).to_have_text("每 5 秒查询")
    expect(window.page.locator(HELD).first).to_be_visible(timeout=POLLED_WITHIN_SECONDS * 1000)


def test_a_countdown_is_right_however_wrong_the_computers_clock_is(
    tab: Callable[..., Tab], station: System, staff: Staff, scene: Scene
) -> None:
    for wrong_by in (timedelta(minutes=5), timedelta(minutes=-5)):
        window = tab(staff.operator, wrong_by=wrong_by)
        window.go("/")
        is_live(window)
        expect(window.page.locator('#banners [data-name="clock"]')).to_contain_text("300")
        # Of some looks, one at least: what a busy machine adds to the others is not ours.
        assert min(furthest_off(window, station) for _ in range(4)) <= 1


def test_the_web_process_alone_says_that_no_worker_lives(
    tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window = tab(staff.operator)
    window.go("/help")
    is_live(window)
    machine = window.page.locator("#machine")
    expect(machine).to_have_attribute("data-st", "done")
    station.kill("worker")
    try:
        station.clock.advance(ALIVE_FOR)
        expect(machine.locator(".machine-word")).to_have_text("后台没有运行")
        expect(machine).to_have_attribute("data-st", "late")
    finally:
        station.start("worker")
    expect(machine).to_have_attribute("data-st", "done")


SHOWN_AT = """(selector) => new Promise((resolve) => {
    const look = () => { if (document.querySelector(selector)) { resolve(Date.now()); return true; } return false; };
    if (!look()) new MutationObserver((_, observer) => { if (look()) observer.disconnect(); }).observe(
        document.body, { subtree: true, childList: true, attributes: true });
})"""


def is_live(window: Tab) -> None:
    """Wait until the page hears of changes at once."""
    expect(window.page.locator("#live .live-word")).to_have_text("实时")


def open_case(window: Tab, station: System, *, after_seconds: float) -> str:
    """Report an account whose bank stops it so many seconds later, and look at its case meanwhile."""
    document = station.document("SIM-SLOW")
    station.script(document, after_seconds=after_seconds)
    station.submit(document)
    number = str(station.one("SELECT no FROM cases ORDER BY id DESC LIMIT 1"))
    wait_for("the case is there", lambda: window.go(f"/cases/{number}").status == 200, 5)
    return number


def furthest_off(window: Tab, station: System) -> float:
    """Return by how many seconds the wrongest of the first countdowns is off the system's clock at this instant."""
    window.page.wait_for_timeout(700)
    earliest = station.clock.now()
    shown = window.page.evaluate(
        """() => [...document.querySelectorAll("#rows [data-due]")].slice(0, 10).map(
            (one) => [one.dataset.due, one.querySelector("b").textContent])"""
    )
    latest = station.clock.now()
    assert shown

    def off(due_at: str, digits: str) -> float:
        least, most = ((datetime.fromisoformat(due_at) - at).total_seconds() for at in (latest, earliest))
        return max(least - seconds_of(digits), seconds_of(digits) - most)

    return max(off(due_at, digits) for due_at, digits in shown)


def seconds_of(digits: str) -> int:
    """Return how many seconds a countdown shows; less than none when it is overdue."""
    parts = [int(part) for part in digits.removeprefix("+").split(":")]
    seconds: int = sum(part * 60**place for place, part in enumerate(reversed(parts)))
    return -seconds if digits.startswith("+") else seconds


def _abort_posts(route: Route) -> None:
    if route.request.method == "POST":
        route.abort()
    else:
        route.fallback()
