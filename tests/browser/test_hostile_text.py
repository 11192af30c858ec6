"""Text that wants to be more than text: every field of every form takes it, shows it as it is, and runs none of it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.people import Staff
from tests.browser.scene import Scene
from tests.browser.sheets import begin, field, saved
from tests.browser.tabs import Tab
from tests.processes.harness import System

MARKUP = "<img src=x onerror=\"window.ran='img'\"><script>window.ran='script'</script>'`><svg onload=window.ran='svg'>"
TEMPLATE = "{{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %> %(name)s %s {n} ' OR 1=1; DROP TABLE drafts; --"
SIGNS = "\u202eabc\u202c \u0627\u0644\u0633 \u2066x\u2069 👩‍👩‍👧‍👦🏴 e\u0301\u200d\u200b"
CONTROLS = "a\u0000b\u0001\u0008\u001b[31m\r\nSet-Cookie: a=b\r\n\r\nb"
TEXTS = {"every kind": f"{MARKUP} {TEMPLATE} {SIGNS} {CONTROLS}", "long": "长" * 10_000}
SURELY_KEPT = len(f"{MARKUP} {TEMPLATE}")
FREE_FIELDS = ("name", "victim_name", "reporter_name", "relation", "place", "narrative")
POST_ALL = """async ([text, skip]) => {
    const statuses = {};
    const token = document.querySelector('meta[name="csrf-token"]').content;
    for (const form of document.querySelectorAll("form")) {
        if (form.method === "dialog" || skip.some((part) => form.action.includes(part))) continue;
        const buttons = [...form.elements].filter((one) => one.type === "submit");
        for (const button of buttons.length ? buttons : [undefined]) {
            const body = new URLSearchParams(new FormData(form, button));
            for (const one of form.elements) {
                if (one.name && one.name !== "csrf_token" && !["subject", "seen", "next", "do"].includes(one.name)) {
                    body.set(one.name, text);
                }
            }
            const method = form.method.toUpperCase(), action = button?.formAction || form.action;
            const address = method === "GET" ? `${action.split("?")[0]}?${body}` : action;
            const answer = await fetch(address, {
                method, body: method === "GET" ? undefined : body, headers: { "X-CSRFToken": token },
            });
            statuses[`${method} ${new URL(action).pathname} ${button?.value ?? ""}`] = answer.status;
        }
    }
    return statuses;
}"""


@pytest.fixture(params=sorted(TEXTS))
def text(request: pytest.FixtureRequest) -> str:
    """A hostile text."""
    return TEXTS[request.param]


def test_a_draft_takes_it_in_every_field_and_shows_it_as_text(
    text: str, tab: Callable[..., Tab], station: System, staff: Staff
) -> None:
    window = tab(staff.operator)
    window.go("/")
    address = begin(window)
    window.page.evaluate("for (const one of document.querySelectorAll('#sheet details')) one.open = true")
    names = window.page.evaluate(
        "[...document.querySelectorAll('#sheet input[data-field], #sheet textarea')].map((one) => one.name)"
    )
    assert set(FREE_FIELDS) < set(names)
    for name in names:
        window.page.evaluate(
            """([name, text]) => {
                const one = document.querySelector(`#sheet [name="${name}"]`);
                one.value = one.maxLength > 0 ? text.slice(0, one.maxLength) : text;
                one.dispatchEvent(new Event("input", { bubbles: true }));
            }""",
            [name, text],
        )
    window.page.keyboard.press("Control+Enter")
    expect(saved(window).or_(window.page.locator(".errsum")).first).to_be_visible()
    window.page.wait_for_timeout(300)
    nothing_ran(window)
    window.page.on("dialog", lambda dialog: dialog.accept())
    window.go(address)
    nothing_ran(window)
    assert field(window, "name").input_value().startswith(text[:SURELY_KEPT])
    window.page.locator('[data-act="discard"]').click()
    window.page.locator('[data-act="discard"]').click()
    window.page.wait_for_url(lambda url: url != window.origin + address)


def test_every_other_form_answers_it_without_a_fault(
    text: str, tab: Callable[..., Tab], station: System, staff: Staff, scene: Scene
) -> None:
    number = own_case(station)
    for who, addresses in (
        (staff.operator, ("/", f"/cases/{number}", "/cases")),
        (staff.auditor, ("/cases", f"/cases/{number}", f"/weekly/{scene.week}")),
    ):
        window = tab(who)
        for address in addresses:
            window.go(address)
            statuses: dict[str, Any] = window.page.evaluate(POST_ALL, [text, ["/sign-out", "/settings"]])
            assert all(status < 500 for status in statuses.values()), statuses
            window.page.reload()
            nothing_ran(window)
    window = tab()
    for address in ("/sign-in",):
        window.go(address)
        statuses = window.page.evaluate(POST_ALL, [text, []])
        assert statuses
        assert all(400 <= status < 500 for status in statuses.values()), statuses


def test_it_runs_in_no_address_either(text: str, tab: Callable[..., Tab], staff: Staff, scene: Scene) -> None:
    window = tab(staff.supervisor)
    window.go("/help")
    for path in ("/cases/", "/approvals/", "/weekly/", "/reports/new/", "/?scope=", "/cases?q=", "/sign-in?next="):
        short = text[:500]
        status = window.page.evaluate(
            "async ([path, text]) => (await fetch(path + encodeURIComponent(text))).status", [path, short]
        )
        assert status < 500, path
        window.go(path + window.page.evaluate("(text) => encodeURIComponent(text)", short))
        nothing_ran(window)


def nothing_ran(window: Tab) -> None:
    """Fail if any of the texts was more than a text."""
    assert window.page.evaluate("window.ran") is None
    assert window.page.locator("[onerror], [onload]").count() == 0


def own_case(station: System) -> str:
    """Report a case of the test's own, and return its number."""
    station.submit(station.document("SIM-PROMPT", "SIM-MUTE"))
    station.settle(60)
    return str(station.one("SELECT no FROM cases ORDER BY id DESC LIMIT 1"))
