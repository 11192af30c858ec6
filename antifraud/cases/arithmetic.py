"""The arithmetic of a due instant told step by step, from the fields of its derivation alone. Pure.

It computes on its own, beside `workflows.clocks`: a page whose steps come to
another instant than the stored one shows both.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from workflows.calendars import WEEK
from workflows.clocks import Length, parse_length, zone_of
from workflows.state import Counting, Derivation, Pause

DAY = timedelta(days=1)
_MONTHS_A_YEAR = 12
_TICK = timedelta(microseconds=1)
_COUNTED = frozenset({"working_days", "banking_days"})


@dataclass(frozen=True, slots=True)
class Told:
    """The steps in words, and the instant that they come to; None where it could not be counted."""

    steps: tuple[str, ...]
    due_at: datetime | None


def utc(at: datetime) -> str:
    """Write an instant in UTC, to the microsecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def local(at: datetime, zone: str) -> str:
    """Write an instant in a zone, to the microsecond and with its offset."""
    return at.astimezone(zone_of(zone)).isoformat(" ", "microseconds")


def tell(derivation: Derivation, *, zh: bool) -> Told:
    """Return how the due instant follows from start, length and calendar."""
    if derivation.is_uncounted:
        return Told((_UNCOUNTED[zh],), None)
    teller = _Teller(derivation, zh=zh)
    if derivation.length.startswith("-"):
        length = parse_length(derivation.length[1:])
        at = teller.moved(derivation.started_at, -_seconds(length), "before")
        return Told(tuple(teller.steps), at)
    counting, pauses = teller.counting, teller.counting.pauses
    hard = None
    if counting.hard_end:
        teller.say(f"最迟期限 {counting.hard_end}:" if zh else f"The hard end, {counting.hard_end}:")
        hard = teller.run(parse_length(counting.hard_end), ())
    if pauses and pauses[-1].resumed_at is None:
        teller.say("暂停中, 以最迟期限为准。" if zh else "It is paused: the hard end counts.")
        return Told(tuple(teller.steps), hard)
    if hard is not None:
        teller.say(f"期限本身 {derivation.length}:" if zh else f"The length itself, {derivation.length}:")
    at = teller.run(parse_length(derivation.length), pauses)
    if hard is not None:
        at = min(at, hard)
        teller.say(f"取两者中较早者: {utc(at)}" if zh else f"The earlier of both: {utc(at)}")
    return Told(tuple(teller.steps), at)


_UNCOUNTED = {
    False: "It could not be counted: the calendar is unknown or has no data. The instant is an alarm, no result.",
    True: "无法计算: 日历不明或没有数据。所示时刻是告警, 不是计算结果。",
}


def _seconds(length: Length) -> int:
    return length.days * 86_400 + length.seconds


@dataclass(slots=True)
class _Teller:
    derivation: Derivation
    zh: bool = field(kw_only=True)
    steps: list[str] = field(default_factory=list)

    @property
    def counting(self) -> Counting:
        return self.derivation.counting or Counting()

    def say(self, step: str) -> None:
        self.steps.append(step)

    def moved(self, at: datetime, seconds: float, why: str) -> datetime:
        then = at + timedelta(seconds=seconds)
        sign, count = ("-" if seconds < 0 else "+"), f"{abs(seconds):.6f}".rstrip("0").rstrip(".")
        reason = _WHY[why][self.zh]
        self.say(f"{reason}: {utc(at)} {sign} {count} s = {utc(then)}")
        return then

    def run(self, length: Length, pauses: tuple[Pause, ...]) -> datetime:
        derivation, counting = self.derivation, self.counting
        if derivation.calendar == "absolute":
            at = self.moved(derivation.started_at, _seconds(length), "elapsed")
            return self.paused(at, pauses)
        start = derivation.started_at.astimezone(zone_of(derivation.zone))
        self.say(
            f"开始时刻在 {derivation.zone}: {local(start, derivation.zone)}"
            if self.zh
            else f"The start in {derivation.zone}: {local(start, derivation.zone)}"
        )
        day = self.after_cutoff(start)
        day = (
            self.counted(day, length, pauses)
            if derivation.calendar in _COUNTED
            else self.by_calendar(day, length, pauses)
        )
        at = self.on(day, start)
        if length.seconds:
            at = self.moved(at, length.seconds, "rest")
        if derivation.calendar not in _COUNTED and counting.ends == "same_time":
            at = self.paused(at, pauses)
        return at

    def paused(self, at: datetime, pauses: tuple[Pause, ...]) -> datetime:
        for pause in pauses:
            if pause.resumed_at is not None:
                at = self.moved(at, (pause.resumed_at - pause.paused_at).total_seconds(), "paused")
        return at

    def after_cutoff(self, start: datetime) -> date:
        day, cutoff = start.date(), self.counting.cutoff
        if cutoff is None:
            return day
        if start.time() >= time.fromisoformat(cutoff):
            day += DAY
            self.say(f"{cutoff}及以后开始, 从次日 {day} 起算" if self.zh else f"From {cutoff} on it begins on {day}")
        else:
            self.say(f"{cutoff}以前开始, 当日起算" if self.zh else f"Before {cutoff}: it begins on {day}")
        return day

    def by_calendar(self, day: date, length: Length, pauses: tuple[Pause, ...]) -> date:
        if length.months:
            count = day.year * _MONTHS_A_YEAR + day.month - 1 + length.months
            year, month = divmod(count, _MONTHS_A_YEAR)
            last = (date(year + (month + 1) // _MONTHS_A_YEAR, (month + 1) % _MONTHS_A_YEAR + 1, 1) - DAY).day
            day = date(year, month + 1, min(day.day, last))
            self.say(
                f"{length.months}个月后: {day}(当月无此日则取月末)"
                if self.zh
                else f"{length.months} months later, or the last day of that month: {day}"
            )
        days = length.days
        if self.counting.counts_start_day and (length.days or length.months):
            days -= 1
            self.say("开始当日计入, 少一天" if self.zh else "The day of the start counts: one day less")
        if self.counting.ends != "same_time":
            days += sum(self.whole_days(pause) for pause in pauses)
        if days:
            day += timedelta(days=days)
            self.say(f"{days}天后: {day}" if self.zh else f"{days} days later: {day}")
        return day

    def whole_days(self, pause: Pause) -> int:
        first, last = self.dates_of(pause)
        count = (last - first).days
        self.say(
            f"暂停 {first} 至 {last}, 顺延{count}天"
            if self.zh
            else f"The pause from {first} to {last} adds {count} days"
        )
        return count

    def dates_of(self, pause: Pause) -> tuple[date, date]:
        where = zone_of(self.derivation.zone)
        ended = pause.resumed_at or pause.paused_at
        return pause.paused_at.astimezone(where).date(), ended.astimezone(where).date()

    def counts(self, day: date) -> bool:
        counting, text = self.counting, day.isoformat()
        is_rest = WEEK[day.weekday()] in counting.rest_days
        return text in counting.worked if is_rest else text not in counting.skipped

    def counted(self, day: date, length: Length, pauses: tuple[Pause, ...]) -> date:
        while not self.counts(day):
            day += DAY
        self.say(f"第一个计入的日期: {day}" if self.zh else f"The first date that counts: {day}")
        left = max(length.days - self.counting.counts_start_day, 0)
        if self.counting.counts_start_day:
            self.say(f"开始当日计入, 还剩{left}天" if self.zh else f"It is day 1 itself; {left} are left")
        for pause in pauses:
            left += self.counted_within(pause, day)
        listed = []
        for number in range(1, left + 1):
            day += DAY
            while not self.counts(day):
                day += DAY
            listed.append(f"{number} {day}")
        if listed:
            self.say(("计入的日期: " if self.zh else "The dates counted: ") + ", ".join(listed))
        return day

    def counted_within(self, pause: Pause, begun: date) -> int:
        first, last = self.dates_of(pause)
        day, count = max(first, begun), 0
        while day < last:
            day += DAY
            count += self.counts(day)
        self.say(
            f"暂停 {first} 至 {last}, 顺延{count}个计入的日期"
            if self.zh
            else f"The pause from {first} to {last} adds {count} dates that count"
        )
        return count

    def on(self, day: date, start: datetime) -> datetime:
        zone, ends = self.derivation.zone, self.counting.ends
        where = zone_of(zone)
        if ends == "end_of_day":
            at = datetime.combine(day + DAY, time(), tzinfo=where).astimezone(UTC) - _TICK
            what = "当日最后一微秒" if self.zh else "The last microsecond of that day"
        elif ends != "same_time":
            at = datetime.combine(day, time.fromisoformat(ends), tzinfo=where).astimezone(UTC)
            what = f"当日 {ends}" if self.zh else f"At {ends} of that day"
        elif day == start.date():
            at = start.astimezone(UTC)
            what = "同一时刻" if self.zh else "The same instant"
        else:
            at = datetime.combine(day, start.time().replace(fold=0), tzinfo=where).astimezone(UTC)
            what = "当日同一钟点" if self.zh else "At the same time of that day"
        self.say(f"{what}: {local(at, zone)} = {utc(at)}")
        return at


_WHY = {
    "before": ("So long before the end", "到期前"),
    "elapsed": ("Elapsed time", "按经过时间"),
    "rest": ("And the hours, minutes and seconds", "再加时分秒"),
    "paused": ("And as long as it was paused", "加上暂停的时长"),
}
