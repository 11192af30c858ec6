"""The list of cases: found by what somebody says on the telephone, and nothing of it in an address or a row."""

from collections.abc import Callable

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.console.casework.conftest import Browser
from tests.factories.cases import Story
from tests.factories.reports import PROMPT_ACCOUNT

People = Callable[..., Browser]


@pytest.fixture
def two(installation: Installation, drill: Centre, clock: FrozenClock) -> tuple[str, str]:
    """Return the numbers of two cases: the first is 王小明's and 李四's account, the second another holder's."""
    first = Story(installation, drill, clock, source_ref="a")
    second = Story(
        installation,
        drill,
        clock,
        source_ref="b",
        **{
            "from": {"institution": "ICBC", "number": "6222021234567891118", "holder": "Zhao Wei"},
            "to": {"institution": "SIM-SLOW", "number": "9992010000007777", "holder": "欧阳锋"},
        },
    )
    return first.told["case"]["no"], second.told["case"]["no"]


def found(browser: Browser, term: str) -> set[str]:
    """Return the numbers of the cases that a search shows, after looking at the address it leads to."""
    answer = browser.post("/cases/search", term=term)
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert term not in address
    shown = browser.get(address)
    if "/cases/2026" in address:
        return {address.rsplit("/", 1)[1]}
    return {
        number for number in (part.split('"')[0] for part in shown.text.split('href="/cases/')[1:]) if "2026-" in number
    }


@pytest.mark.parametrize(
    ("term", "finds"),
    [
        (PROMPT_ACCOUNT[-4:], "first"),
        (PROMPT_ACCOUNT[-8:], "first"),
        (PROMPT_ACCOUNT, "first"),
        ("9991 0100 0000 0018", "first"),
        ("0128", "first"),
        ("13800138000", "both"),
        ("+86 138 0013 8000", "both"),
        ("8000", "both"),
        ("王小明", "both"),
        ("李四", "first"),
        ("欧阳锋", "second"),
        ("oyf", "second"),
        ("7777", "second"),
        ("1235", "none"),
        ("赵云", "none"),
        ("9991010000000026", "none"),
    ],
)
def test_a_case_is_found_by(two: tuple[str, str], people: People, term: str, finds: str) -> None:
    wanted = {"first": {two[0]}, "second": {two[1]}, "both": set(two), "none": set()}[finds]
    assert found(people("operator"), term) == wanted


def test_a_number_opens_its_case_at_once(two: tuple[str, str], people: People) -> None:
    first = two[0]
    for spelled in (first, first.replace("-", ""), first[:-2], first.lower()):
        assert people("operator").post("/cases/search", term=spelled).headers["Location"].endswith(first), spelled


def test_what_was_sought_is_kept_as_hashes_of_one_session(
    two: tuple[str, str], people: People, installation: Installation, drill: Centre
) -> None:
    assert two
    anna = people("operator", name="anna")
    address = anna.post("/cases/search", term="王小明").headers["Location"]
    assert "王**" in anna.text(address)
    assert people("operator", name="bert").get(address).status_code == 404
    with installation.database.begin(drill.id) as connection:
        kept = connection.exec_driver_sql("SELECT string_agg(data::text, ' ') FROM sessions").scalar_one()
    assert "case_searches" in kept
    assert "王小明" not in kept
    assert "\\u738b\\u5c0f" not in kept


@pytest.mark.parametrize("term", ["", "  ", "王", "12", "\u0000", "%", "'; --"])
def test_too_little_to_search_for_is_said(people: People, term: str) -> None:
    anna = people("operator")
    answer = anna.post("/cases/search", term=term)
    assert "search-error" in anna.text(answer.headers["Location"])


def test_filters_stand_in_the_address_and_nonsense_is_left_out(two: tuple[str, str], people: People) -> None:
    anna = people("operator")
    for query, count in (
        ("phase=open", 2),
        ("phase=closed", 0),
        ("held=1", 0),
        ("since=2026-11-24&until=2026-11-24", 2),
        ("until=2026-11-23", 0),
        ("since=tomorrow&phase=nonsense&kind=", 2),
        (f"below={two[1]}", 1),
    ):
        shown = anna.text(f"/cases?{query}")
        assert shown.count("<tr data-case=") == count, query
    assert "没有符合条件的案件" in anna.text("/cases?phase=closed")


def test_the_list_pages_by_number(two: tuple[str, str], people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antifraud.console.casework.list_pages.ON_A_PAGE", 1)
    anna = people("operator")
    first_page = anna.text("/cases")
    assert two[1] in first_page
    assert two[0] not in first_page
    assert f"below={two[1]}" in first_page
    assert two[0] in anna.text(f"/cases?below={two[1]}")
