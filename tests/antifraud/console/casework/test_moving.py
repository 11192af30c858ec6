"""An open case moved to another version of its scheme, from the page that says first what will change."""

import re
from collections.abc import Callable

import pytest

from antifraud.cases import definitions
from antifraud.installation import Installation
from tests.antifraud.console.casework.conftest import Browser
from tests.antifraud.console.casework.test_amending import offers
from tests.antifraud.console.casework.test_case_pages import assert_record_holds, page_of, value
from tests.factories.cases import Story
from workflows.library import text_of

People = Callable[..., Browser]
SECOND = text_of("cn_emergency_stop", 1).replace("version = 1", "version = 2", 1)
SHORTER = SECOND.replace('[clocks.stop_term]\nlength = "PT48H"', '[clocks.stop_term]\nlength = "PT24H"')
NARROWER = SECOND.replace("review_stop", "look_back")


def stored(story: Story, text: str) -> str:
    with story.installation.database.begin(story.centre.id) as connection:
        return definitions.store(story.installation.work(connection, story.centre.id, "cli:x"), text).content_hash


def pinned(story: Story) -> object:
    return value(story, "SELECT content_hash FROM procedures WHERE case_id = :case")


@pytest.fixture
def stopped(story: Story) -> Story:
    return story.stopped()


def test_the_page_says_first_what_will_change(stopped: Story, people: People) -> None:
    bert = people("supervisor", name="bert")
    assert "move" not in offers(bert.text(page_of(stopped))), "no other version is stored"
    to = stored(stopped, SHORTER)
    assert "move" in offers(bert.text(page_of(stopped)))
    chosen = bert.text(f"{page_of(stopped)}/move")
    assert "cn_emergency_stop.v2" in chosen
    assert 'data-act="move-ask"' not in chosen
    told = bert.text(f"{page_of(stopped)}/move?to={to}")
    assert "止付到期" in told or "到期" in told
    assert "11-26 22:00:07" in told
    assert "11-25 22:00:07" in told
    assert 'data-act="move-ask"' in told
    assert value(stopped, "SELECT count(*) FROM approvals WHERE case_id = :case") == 0


def test_one_asks_another_approves_and_the_case_goes_on_under_it(
    stopped: Story, people: People, installation: Installation
) -> None:
    to, before = stored(stopped, SHORTER), pinned(stopped)
    bert, carl = people("supervisor", name="bert"), people("supervisor", name="carl")
    assert bert.post(f"{page_of(stopped)}/move", to=to).status_code == 303
    assert pinned(stopped) == before
    shown = bert.text(page_of(stopped))
    assert "改用另一版本: cn_emergency_stop.v2" in shown or "cn_emergency_stop.v2" in shown
    again = bert.post(f"{page_of(stopped)}/move", to=to)
    assert again.status_code == 409
    approval = stopped.id_of("SELECT id FROM approvals WHERE case_id = :case")
    own = bert.text(f"/approvals/{approval}")
    assert 'id="bars"' in own
    assert bert.post(f"/approvals/{approval}", decision="approve").status_code == 403
    card = carl.text(f"/approvals/{approval}")
    assert "本案改用 cn_emergency_stop.v2" in card
    assert "11-25 22:00:07" in card
    assert 'name="tail"' not in card
    assert to not in card
    assert carl.post(f"/approvals/{approval}", decision="approve").status_code == 303
    assert pinned(stopped) == to
    after = carl.text(page_of(stopped))
    assert "改用 cn_emergency_stop.v2" in after
    assert re.search(r'data-procedure="[^"]+">[^<]*<span class="muted">v2', after)
    assert "改用另一版本" in carl.text(f"/approvals/{approval}")
    assert_record_holds(installation, stopped.centre)


def test_what_the_version_does_not_know_stands_in_the_way(stopped: Story, people: People) -> None:
    to, bert = stored(stopped, NARROWER), people("supervisor", name="bert")
    told = bert.text(f"{page_of(stopped)}/move?to={to}")
    assert "无法改用" in told
    assert 'data-act="move-ask"' not in told
    by_hand = bert.post(f"{page_of(stopped)}/move", to=to)
    assert by_hand.status_code == 422
    assert value(stopped, "SELECT count(*) FROM approvals WHERE case_id = :case") == 0


def test_operators_and_auditors_find_no_such_page(stopped: Story, people: People) -> None:
    to = stored(stopped, SHORTER)
    for role in ("operator", "auditor"):
        assert people(role).get(f"{page_of(stopped)}/move").status_code == 404
        assert people(role).post(f"{page_of(stopped)}/move", to=to).status_code == 404
    assert "move" not in offers(people("operator").text(page_of(stopped)))
    bert = people("supervisor", name="bert")
    assert bert.get("/cases/2026-999999-A/move").status_code == 404
    assert bert.post(f"{page_of(stopped)}/move", to="0" * 64).status_code == 404
