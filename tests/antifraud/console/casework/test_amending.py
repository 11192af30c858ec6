"""What is taken back on the page of a case: a wrong account, a report, a release that others stand against."""

import re
from collections.abc import Callable

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.console.casework.conftest import Browser
from tests.antifraud.console.casework.test_case_pages import assert_record_holds, page_of, value
from tests.factories.cases import HELD, Story
from tests.factories.reports import PROMPT_ACCOUNT

People = Callable[..., Browser]
RIGHT = "9991010000000026"
CORRECTION = {"institution": "SIM-PROMPT", "account": RIGHT}


def offers(page: str) -> set[str]:
    """Return which acts a page offers."""
    return set(re.findall(r'data-offer="([^"]+)"', page))


def waiting(story: Story) -> int:
    return int(value(story, "SELECT count(*) FROM outbox WHERE case_id = :case AND state = 0"))


# -- a wrong account


def test_a_wrong_account_is_corrected_and_both_accounts_are_told(
    story: Story, people: People, installation: Installation
) -> None:
    story.stopped()
    wrong, anna = story.hold(), people("operator", name="anna")
    assert "correct" in offers(anna.text(page_of(story)))
    sent = anna.post(f"{page_of(story)}/acts/correct", subject=wrong, **CORRECTION)
    assert sent.status_code == 303
    right = story.id_of("SELECT id FROM holds WHERE case_id = :case ORDER BY since DESC LIMIT 1")
    shown = anna.text(page_of(story))
    row = re.search(rf'<tr id="hold-{wrong}".*?</tr>', shown, re.DOTALL)
    assert row is not None
    assert 'data-void="corrected"' in row[0]
    assert "<s>¥42,000.00</s>" in row[0]
    assert f'href="#hold-{right}"' in row[0]
    assert f'href="#hold-{wrong}"' in shown
    assert "账户更正：" in shown
    assert RIGHT not in shown
    assert_record_holds(installation, story.centre)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"institution": "NOBODY", "account": RIGHT}, "institution"),
        ({"institution": "SIM-PROMPT", "account": "9991*0026"}, "account"),
        ({"institution": "SIM-PROMPT", "account": PROMPT_ACCOUNT}, "account"),
        ({}, "institution"),
    ],
)
def test_what_is_wrong_with_a_correction_stands_beside_its_field(
    story: Story, people: People, typed: dict[str, str], field: str
) -> None:
    story.stopped()
    before = value(story, "SELECT last_seq FROM cases WHERE id = :case")
    answered = people("operator").post(f"{page_of(story)}/acts/correct", subject=story.hold(), **typed)
    assert answered.status_code == 422
    assert f'id="act-correct-{story.hold()}-{field}-error"' in answered.text
    assert value(story, "SELECT last_seq FROM cases WHERE id = :case") == before


def test_a_void_account_is_offered_no_second_correction(story: Story, people: People) -> None:
    story.stopped()
    wrong, anna = story.hold(), people("operator", name="anna")
    anna.post(f"{page_of(story)}/acts/correct", subject=wrong, **CORRECTION)
    assert f'id="act-correct-{wrong}"' not in anna.text(page_of(story))
    again = anna.post(
        f"{page_of(story)}/acts/correct", subject=wrong, institution="SIM-PROMPT", account="9991010000000034"
    )
    assert again.status_code == 409


# -- a report that is wanted back


def report_id(story: Story) -> object:
    return story.id_of("SELECT id FROM reports WHERE case_id = :case")


def withdrawal(story: Story) -> object:
    return story.id_of("SELECT jsonb_object_keys(state->'withdrawals') FROM procedures WHERE case_id = :case")


def test_a_report_is_taken_back_by_three_acts_and_two_people(
    story: Story, people: People, installation: Installation
) -> None:
    story.stopped()
    page, anna, bert = page_of(story), people("operator", name="anna"), people("supervisor", name="bert")
    assert "withdraw" in offers(anna.text(page))
    assert anna.post(f"{page}/acts/withdraw", subject=report_id(story), side="victim").status_code == 303
    shown = anna.text(page)
    assert {"verify"} <= offers(shown)
    assert not {"withdraw", "decide_withdrawal"} & offers(shown)
    assert waiting(story) == 0, "nothing is let go on an unverified word"
    assert anna.post(f"{page}/acts/verify", subject=withdrawal(story)).status_code == 303
    assert "核实人不能决定" in anna.text(page)
    assert "由值班长复核" in people("operator", name="carl").text(page)
    assert "decide_withdrawal" in offers(bert.text(page))
    assert bert.post(f"{page}/acts/decide_withdrawal", subject=withdrawal(story), approved="yes").status_code == 303
    assert value(story, "SELECT kind FROM outbox WHERE case_id = :case AND state = 0") == "release"
    shown = bert.text(page)
    assert 'data-void="withdrawn"' in shown
    assert f"报案 {story.report_no} 已撤回" in shown
    assert_record_holds(installation, story.centre)


def test_who_verified_a_withdrawal_does_not_decide_it(story: Story, people: People) -> None:
    story.stopped()
    page, bert = page_of(story), people("supervisor", name="bert")
    bert.post(f"{page}/acts/withdraw", subject=report_id(story), side="agent")
    bert.post(f"{page}/acts/verify", subject=withdrawal(story))
    shown = bert.text(page)
    assert "核实人不能决定" in shown
    assert 'value="yes"' not in shown[shown.index('data-offer="decide_withdrawal"') :].split("</form>")[0]
    refused = bert.post(f"{page}/acts/decide_withdrawal", subject=withdrawal(story), approved="yes")
    assert refused.status_code == 422
    assert "须由他人决定" in refused.text
    assert waiting(story) == 0
    kept = bert.post(f"{page}/acts/decide_withdrawal", subject=withdrawal(story), approved="no")
    assert kept.status_code == 303
    assert "不予撤回" in bert.text(page)


def test_a_withdrawal_is_refused_by_role_and_by_what_it_names(story: Story, people: People) -> None:
    story.stopped()
    page, anna = page_of(story), people("operator", name="anna")
    assert anna.post(f"{page}/acts/withdraw", subject=report_id(story)).status_code == 422
    assert anna.post(f"{page}/acts/withdraw", subject=story.hold(), side="victim").status_code == 409
    assert people("auditor").post(f"{page}/acts/withdraw", subject=report_id(story), side="victim").status_code == 404
    anna.post(f"{page}/acts/withdraw", subject=report_id(story), side="victim")
    by_hand = anna.post(f"{page}/acts/decide_withdrawal", subject=withdrawal(story), approved="yes")
    assert by_hand.status_code == 404
    unverified = people("supervisor", name="bert").post(
        f"{page}/acts/decide_withdrawal", subject=withdrawal(story), approved="yes"
    )
    assert unverified.status_code == 409
    again = anna.post(f"{page}/acts/withdraw", subject=report_id(story), side="victim")
    assert again.status_code == 409


# -- a release that other cases stand against


@pytest.fixture
def held_back(installation: Installation, drill: Centre, clock: FrozenClock, story: Story, people: People) -> Story:
    """A case whose release waits, for another case claims its account and has nothing of it yet."""
    story.stopped()
    Story(installation, drill, clock, source_ref="110-2", reference="REFOTHER")
    asked = people("operator", name="anna").post(
        f"{page_of(story)}/acts/measure",
        subject=story.hold(),
        measure="release",
        documents="云公解字1号",
        ask_reason="unrelated_payment",
    )
    assert asked.status_code == 303
    approval = story.id_of("SELECT id FROM approvals WHERE case_id = :case")
    given = people("supervisor", name="bert").post(
        f"/approvals/{approval}", decision="approve", tail=PROMPT_ACCOUNT[-4:]
    )
    assert given.status_code == 303
    return story


def test_a_release_in_doubt_says_who_else_claims_and_a_supervisor_decides(
    held_back: Story, people: People, installation: Installation
) -> None:
    page, hold = page_of(held_back), held_back.hold()
    assert waiting(held_back) == 0
    anna, carl = people("operator", name="anna"), people("supervisor", name="carl")
    assert "decide_release" not in offers(anna.text(page))
    assert anna.post(f"{page}/acts/decide_release", subject=hold, go="yes").status_code == 404
    shown = carl.text(page)
    assert "decide_release" in offers(shown)
    assert "另有 1 个案件主张该账户" in shown
    assert "解除暂缓" in shown
    assert carl.post(f"{page}/acts/decide_release", subject=hold).status_code == 422
    assert carl.post(f"{page}/acts/decide_release", subject=hold, go="yes").status_code == 303
    assert waiting(held_back) == 1
    assert "decide_release" not in offers(carl.text(page))
    assert carl.post(f"{page}/acts/decide_release", subject=hold, go="no").status_code == 409
    assert_record_holds(installation, held_back.centre)


def test_money_may_be_kept_for_the_other_cases(held_back: Story, people: People) -> None:
    carl = people("supervisor", name="carl")
    sent = carl.post(f"{page_of(held_back)}/acts/decide_release", subject=held_back.hold(), go="no")
    assert sent.status_code == 303
    assert waiting(held_back) == 0
    assert value(held_back, "SELECT held_minor FROM holds WHERE case_id = :case") == HELD
    assert "为其他案件保留" in carl.text(page_of(held_back))
