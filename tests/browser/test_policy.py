"""The watch itself: what a page may not do is noticed, so that the silence of the other tests means something."""

from collections.abc import Callable

from tests.browser.people import Staff
from tests.browser.tabs import Tab


def test_what_a_page_may_not_do_is_refused_and_noticed(tab: Callable[..., Tab], staff: Staff) -> None:
    window = tab(staff.operator)
    window.go("/help")
    window.page.evaluate("document.querySelector('h1').setAttribute('style', 'color: red')")
    window.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
    window.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))"
    )
    assert window.page.evaluate("window.ran") is None
    said = " ".join(window.faults)
    assert all(directive in said for directive in ("style-src-attr", "connect-src", "script-src-elem")), said
    window.faults.clear()
