"""Requests that no channel reaches, and facts that differ: a person is told, no order changes."""

from tests.workflows.driver import Driver
from workflows import effects as fx
from workflows import events as ev


def opened(driver: Driver) -> list[str]:
    return [effect.task.kind for effect in driver.new if isinstance(effect, fx.OpenTask)]


def test_a_request_without_a_channel_is_a_persons_task_at_once() -> None:
    driver = Driver()
    driver.claim()
    (request,) = driver.state.requests.values()
    driver.send(ev.ChannelMissing(id=driver.uuid(), at=driver.at, request_id=request.id))
    assert opened(driver) == ["deliver_by_hand"]
    assert driver.state.requests[request.id].stage == "queued"


def test_a_missing_channel_told_twice_opens_one_task() -> None:
    driver = Driver()
    driver.claim()
    (request,) = driver.state.requests.values()
    driver.send(ev.ChannelMissing(id=driver.uuid(), at=driver.at, request_id=request.id))
    driver.send(ev.ChannelMissing(id=driver.uuid(), at=driver.at, request_id=request.id))
    assert opened(driver) == []


def test_facts_that_differ_open_a_task_and_change_no_order() -> None:
    driver = Driver()
    hold = driver.claim()
    before = driver.state.requests
    driver.send(
        ev.DoubtRaised(
            id=driver.uuid(), at=driver.at, kind="differ", subject_kind="hold", subject_id=hold, reason="amount"
        )
    )
    assert opened(driver) == ["compare_reports"]
    assert driver.state.requests == before


def test_a_doubt_of_an_unknown_kind_is_refused() -> None:
    driver = Driver()
    hold = driver.claim()
    refusal = driver.refuses(
        ev.DoubtRaised(id=driver.uuid(), at=driver.at, kind="odd", subject_kind="hold", subject_id=hold, reason="x")
    )
    assert "differ" in refusal
