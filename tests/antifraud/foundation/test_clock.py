"""The clocks: the machine's, a test's, and the one that a whole system shares."""

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from freezegun import freeze_time

from antifraud.foundation.clock import ClockError, ControlledClock, FrozenClock, SystemClock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_system_clock_tells_aware_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.utcoffset() == timedelta(0)


def test_the_system_clock_can_be_frozen_at_the_edge() -> None:
    with freeze_time(NOON):
        assert SystemClock().now() == NOON


def test_the_system_clock_waits_no_longer_than_until_the_due_instant() -> None:
    clock = SystemClock()
    began = time.monotonic()
    clock.wait(threading.Event(), clock.now() + timedelta(milliseconds=60), floor_seconds=5)
    assert 0.05 <= time.monotonic() - began < 1


def test_a_wait_ends_when_somebody_knows_of_work(tmp_path: Path) -> None:
    wake = threading.Event()
    wake.set()
    for clock in (SystemClock(), FrozenClock(NOON), ControlledClock(tmp_path / "clock.json")):
        began = time.monotonic()
        clock.wait(wake, None, floor_seconds=5)
        assert time.monotonic() - began < 0.5


def test_a_frozen_clock_moves_only_when_told() -> None:
    clock = FrozenClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(hours=48)) == clock.now() == NOON + timedelta(hours=48)
    assert clock.set(NOON) == clock.now() == NOON


def test_a_frozen_clock_that_is_advanced_ends_a_wait() -> None:
    clock = FrozenClock(NOON)
    timer = threading.Timer(0.05, clock.advance, [timedelta(hours=1)])
    timer.start()
    began = time.monotonic()
    clock.wait(threading.Event(), NOON + timedelta(hours=1), floor_seconds=5)
    timer.join()
    assert time.monotonic() - began < 1


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ClockError, match="no time zone"):
        FrozenClock(naive)


def test_an_instant_of_another_zone_is_kept_as_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    now = FrozenClock(datetime(2026, 11, 24, 20, tzinfo=shanghai)).now()
    assert now == NOON
    assert now.tzinfo is UTC


def test_without_a_file_the_controlled_clock_is_the_machines(tmp_path: Path) -> None:
    before = SystemClock().now()
    assert before <= ControlledClock(tmp_path / "clock.json").now() <= SystemClock().now() + timedelta(milliseconds=1)


def test_every_reader_sees_what_one_writer_set(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    reader, writer = ControlledClock(path), ControlledClock(path)
    reader.now()
    writer.run_at(0)
    at = writer.advance(timedelta(days=3))
    assert reader.now() == at
    assert reader.rate() == 0
    later = at + timedelta(microseconds=1)
    writer.set(later)
    assert reader.now() == later


def test_at_a_rate_its_time_passes_faster(tmp_path: Path) -> None:
    clock = ControlledClock(tmp_path / "clock.json")
    began, real = clock.run_at(3600), time.monotonic()
    while time.monotonic() - real < 0.1:
        pass
    assert clock.now() - began >= timedelta(seconds=360)
    assert clock.now() - began < timedelta(hours=2)


def test_a_change_of_rate_does_not_jump(tmp_path: Path) -> None:
    clock = ControlledClock(tmp_path / "clock.json")
    clock.run_at(1000)
    stopped = clock.run_at(0)
    assert clock.now() == stopped == clock.run_at(1000)


def test_the_controlled_clock_never_goes_back(tmp_path: Path) -> None:
    clock = ControlledClock(tmp_path / "clock.json")
    at = clock.now()
    with pytest.raises(ClockError, match="cannot go back"):
        clock.set(at - timedelta(seconds=1))
    with pytest.raises(ClockError, match="cannot go back"):
        clock.advance(timedelta(seconds=-1))


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf"), 2e6])
def test_a_rate_that_makes_no_sense_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(ClockError, match="cannot run at"):
        ControlledClock(tmp_path / "clock.json").run_at(rate)


def test_a_wait_by_the_controlled_clock_ends_within_100_ms_of_the_change(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    reader, writer = ControlledClock(path), ControlledClock(path)
    due = reader.now() + timedelta(hours=48)
    changed: list[float] = []

    def change() -> None:
        writer.advance(timedelta(hours=48))
        changed.append(time.monotonic())

    timer = threading.Timer(0.1, change)
    timer.start()
    reader.wait(threading.Event(), due, floor_seconds=10)
    ended = time.monotonic()
    timer.join()
    assert ended - changed[0] < 0.1


def test_a_wait_by_the_controlled_clock_counts_in_its_own_seconds(tmp_path: Path) -> None:
    clock = ControlledClock(tmp_path / "clock.json")
    due = clock.run_at(3600) + timedelta(minutes=10)
    began = time.monotonic()
    clock.wait(threading.Event(), due, floor_seconds=10)
    assert clock.now() >= due
    assert time.monotonic() - began < 1


def test_no_wait_outlasts_its_floor_though_the_clock_stands_still(tmp_path: Path) -> None:
    clock = ControlledClock(tmp_path / "clock.json")
    due = clock.run_at(0) + timedelta(minutes=1)
    began = time.monotonic()
    clock.wait(threading.Event(), due, floor_seconds=0.1)
    assert 0.09 <= time.monotonic() - began < 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"base_at": "soon", "real_ns": 1, "rate": 1}'])
def test_a_clock_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(content)
    with pytest.raises(ClockError, match=r"clock\.json"):
        ControlledClock(path).now()


def test_the_clock_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    clock = ControlledClock(path)
    clock.advance(timedelta(hours=1))
    inode = path.stat().st_ino
    keep = os.open(path, os.O_RDONLY)  # so that the number of the old file is not given to the new one
    try:
        clock.advance(timedelta(hours=1))
        assert path.stat().st_ino != inode
    finally:
        os.close(keep)
    assert set(json.loads(path.read_text())) == {"base_at", "real_ns", "rate"}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["clock.json", "clock.lock"]


def test_two_writers_at_once_lose_no_advance(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    began = ControlledClock(path).run_at(0)
    writers = [
        threading.Thread(target=lambda: [ControlledClock(path).advance(timedelta(hours=1)) for _ in range(20)])
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert ControlledClock(path).now() == began + timedelta(hours=40)
