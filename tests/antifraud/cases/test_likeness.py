"""Likeness: the same account, person or money in another case is found by keyed hashes, with what follows from it."""

# ruff: noqa: ANN401 - a probe's members are of several kinds

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine

from antifraud.auth.service import Centre
from antifraud.cases.likeness import Found, Probe, likeness
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import Story
from tests.factories.reports import PROMPT_ACCOUNT

PAYER = "6222021234567890128"


@pytest.fixture
def look(installation: Installation, drill: Centre) -> Any:
    def looked(**probe: Any) -> Found:
        with installation.database.begin(drill.id) as connection:
            return likeness(installation.work(connection, drill.id, "user:chenjing"), Probe(**probe))

    return looked


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    return Story(installation, drill, clock)


def test_an_account_under_a_stop_tells_whether_the_new_money_came_after_it(
    story: Story, look: Any, clock: FrozenClock
) -> None:
    story.stopped()
    stopped_at = story.value("SELECT executed_at FROM holds WHERE case_id = :case")
    after, before = stopped_at + timedelta(minutes=3), stopped_at - timedelta(minutes=3)
    (match,) = look(payee=PROMPT_ACCOUNT, paid_earliest=after).matches
    assert (match.kind, match.consequence, match.at) == ("payee", "stopped_money_likely_there", stopped_at)
    assert match.case_no == story.told["case"]["no"]
    assert match.may_merge
    assert look(payee=PROMPT_ACCOUNT, paid_earliest=before).matches[0].consequence == "stopped"


def test_an_account_that_is_asked_about_and_one_that_was_left_are_told_apart(story: Story, look: Any) -> None:
    assert look(payee=PROMPT_ACCOUNT).matches[0].consequence == "asked"
    story.stopped()
    story.released()
    assert look(payee=PROMPT_ACCOUNT).matches[0].consequence == "known"


def test_spaces_and_wide_digits_find_the_same_account_and_another_one_is_not_found(story: Story, look: Any) -> None:
    spaced = "９９９１ 0100 0000 0018"
    assert len(look(payee=spaced).matches) == 1
    alone = look(payee="9991010000000026")
    assert (alone.matches, alone.clear) == ((), ("payee",))


def test_payer_telephone_and_money_are_found_each_by_its_own(story: Story, look: Any, clock: FrozenClock) -> None:
    assert [one.consequence for one in look(payer=PAYER).matches] == ["same_payer"]
    assert [one.consequence for one in look(phones=("13800138000",)).matches] == ["same_phone"]
    now = clock.now()
    near = {"asset": "CNY", "paid_earliest": now + timedelta(minutes=9), "paid_latest": now + timedelta(minutes=10)}
    assert [one.consequence for one in look(amount_minor=4_241_000, **near).matches] == ["same_money"]
    assert look(amount_minor=4_250_000, **near).matches == ()
    far = {"asset": "CNY", "paid_earliest": now + timedelta(minutes=11), "paid_latest": now + timedelta(minutes=12)}
    assert look(amount_minor=4_200_000, **far).matches == ()


def test_the_same_identity_document_is_found(installation: Installation, drill: Centre, look: Any) -> None:
    from tests.factories.reports import report, submit  # noqa: PLC0415 - beside the story's own report

    document = report(
        installation.clock.now(), source_ref="110-9", victim={"name": "王小明", "id_no": "11010519491231002X"}
    )
    submit(installation, drill, document)
    assert [one.consequence for one in look(documents=("11010519491231002X",)).matches] == ["same_document"]


def test_the_weight_of_an_account_is_told_and_the_own_case_is_left_out(story: Story, look: Any) -> None:
    weight = look(payee=PROMPT_ACCOUNT).weight
    assert weight is not None
    assert (weight.cases, weight.sums) == (1, (("CNY", 4_200_000),))
    own = look(payee=PROMPT_ACCOUNT, not_case_id=story.case_id)
    assert (own.matches, own.weight) == ((), None)


def test_a_look_up_that_failed_is_told_and_the_others_still_stand(
    story: Story, look: Any, installation: Installation
) -> None:
    engine = create_engine(installation.settings.database_url or "")
    with engine.begin() as connection:
        connection.exec_driver_sql("REVOKE SELECT ON parties FROM antifraud_app")
    engine.dispose()
    found = look(phones=("13800138000",), payer=PAYER)
    assert found.failed == ("phone",)
    assert "phone" not in found.clear
    assert [one.kind for one in found.matches] == ["payer"]


def test_another_centre_sees_nothing(story: Story, installation: Installation, live: Centre) -> None:
    with installation.database.begin(live.id) as connection:
        found = likeness(installation.work(connection, live.id, "user:x"), Probe(payee=PROMPT_ACCOUNT, payer=PAYER))
    assert found.matches == ()


def test_all_kinds_together_are_answered_in_under_300_ms(story: Story, look: Any, clock: FrozenClock) -> None:
    probe = {
        "payee": PROMPT_ACCOUNT,
        "payer": PAYER,
        "phones": ("13800138000",),
        "documents": ("11010519491231002X",),
        "amount_minor": 4_200_000,
        "asset": "CNY",
        "paid_earliest": clock.now(),
        "paid_latest": clock.now(),
    }
    look(**probe)
    began = time.perf_counter()
    found = look(**probe)
    assert time.perf_counter() - began < 0.3
    assert {one.kind for one in found.matches} == {"payee", "payer", "phone", "money"}
