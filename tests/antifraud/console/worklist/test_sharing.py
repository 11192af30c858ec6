"""Many who ask at once cost few readings, and nobody is handed what was over before they asked."""

import threading
import time

from antifraud.console.worklist.sharing import Reading

AT_ONCE = 40
SLOW = 0.15


class Source:
    """Something that takes its time, and counts how often it is read."""

    def __init__(self, slow: float = 0.0) -> None:
        self.slow, self.read_times, self.now = slow, 0, 0

    def read(self) -> int:
        self.read_times += 1
        seen = self.now
        time.sleep(self.slow)
        return seen


def test_forty_at_once_cost_two_readings_and_see_what_was_true_when_they_asked() -> None:
    source, reading, seen = Source(SLOW), Reading[int](kept_for=0.0), []
    first = threading.Thread(target=lambda: reading.get("list", source.read))
    first.start()
    time.sleep(SLOW / 3)
    source.now = 1  # a change, after the first reading began
    threads = [
        threading.Thread(target=lambda: seen.append(reading.get("list", source.read).value)) for _ in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for thread in [first, *threads]:
        thread.join(20)
    assert seen == [1] * AT_ONCE
    assert source.read_times == 2


def test_what_is_kept_is_said_to_be_kept_and_not_for_long() -> None:
    source, reading = Source(), Reading[int](kept_for=0.1)
    assert reading.get("list", source.read).is_kept is False
    source.now = 1
    kept = reading.get("list", source.read)
    assert (kept.value, kept.is_kept) == (0, True)
    time.sleep(0.12)
    fresh = reading.get("list", source.read)
    assert (fresh.value, fresh.is_kept) == (1, False)


def test_a_change_of_ones_own_is_never_hidden_by_what_was_read_before_it() -> None:
    source, reading = Source(SLOW), Reading[int](kept_for=60.0)
    begun = threading.Thread(target=lambda: reading.get("list", source.read))
    begun.start()
    time.sleep(SLOW / 3)
    source.now = 1
    reading.drop()
    begun.join(20)
    assert reading.get("list", source.read).value == 1


def test_each_key_is_read_for_itself() -> None:
    source, reading = Source(), Reading[int](kept_for=60.0)
    for number in range(300):
        reading.get(number, source.read)
    assert source.read_times == 300
    assert reading.get(299, source.read).is_kept
    assert not reading.get(0, source.read).is_kept
