"""Definitions of an invented country that use what the shipped ones do not: `check` must not refuse them."""

import pytest

from tests.workflows.test_reference import example
from tests.workflows.written import table
from workflows import parse
from workflows.checking import check

TEXT = example()
ANSWER = next(line for line in TEXT.splitlines() if line.startswith("answer.any"))
LIFTED = 'from = ["stopped", "in_question", "queued_behind", "lapsed"]'
KIND = "filing = false\ncounts_term = false\nneeds_amount = false\nscope = 'amount'\nrank = 5\n"
QUERY = table("requests.state", f"role = 'query'\napproval = 'none'\nfrom = ['asked', 'stopped']\n{KIND}") + table(
    "outcomes.as_said", "conclusive = true\ntasks = []\nhold = { state = 'same' }"
)
FREEZE = (
    table(
        "clocks.freeze_term",
        "length = 'P6M'\ncalendar = 'calendar'\nwarnings = ['P7D']\nwarning_task = 'leader_decides'\n"
        "lapse_task = 'confirm_lapse'",
    )
    + table(
        "requests.freeze",
        "approval = 'before'\nfrom = ['asked', 'stopped', 'lapsed', 'in_question', 'none']\n"
        + KIND.replace("filing = false", "filing = true").replace("needs_amount = false", "needs_amount = true"),
    )
    + table(
        "outcomes.frozen",
        "conclusive = true\namount = 'required'\ntasks = []\ntasks_if_short = ['query_flow']\n"
        "hold = { freeze = 'frozen' }",
    )
    + table("outcomes.no_freeze", "conclusive = true\ntasks = ['leader_decides']\nhold = { freeze = 'as_before' }")
)
APPROVED_IN_DAYS = table(
    "clocks.approval", "length = 'P1D'\ncalendar = 'working_days'\ndays = 'ENGLAND'\ntask = 'ask_again'"
)


def answered_within(more: str) -> str:
    """Return the example with another clock of the answer."""
    said = f'length = "PT1H", calendar = "absolute", {more}, source = "test", confidence = "low"'
    return TEXT.replace(ANSWER, f"answer.any = {{ {said} }}")


TWO_LIMITS = answered_within('fallback = { length = "PT2H", calendar = "absolute" }')
FROZEN = TEXT.replace(LIFTED, LIFTED.replace('"stopped"', '"stopped", "frozen"')) + FREEZE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TWO_LIMITS, id="two limits of an answer, and a ladder from the first on"),
        pytest.param(TEXT + QUERY, id="a question that leaves the hold as it is"),
        pytest.param(FROZEN, id="a stop that is let go is not frozen any more"),
        pytest.param(FROZEN + APPROVED_IN_DAYS, id="an approval that is counted in working days"),
    ],
)
def test_what_is_right_is_not_refused(text: str) -> None:
    result = check(parse(text))
    assert result.is_sound, "\n".join(result.lines())
