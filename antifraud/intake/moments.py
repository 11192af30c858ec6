"""When the money was paid, as people say it: ``22:36``, 昨晚10点, 10 minutes ago; always in the centre's own zone.

The answer is what a report may carry (local time and zone, down to what was
said and no finer), never an instant made more exact than the words were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from antifraud.foundation.problems import InvalidValue
from antifraud.foundation.texts import narrow
from antifraud.foundation.times import FUTURE_ALLOWANCE, TimeBounds, parse_time, zone
from antifraud.intake.unclear import Unclear

Assumed = Literal["today", "yesterday", "last-month", "last-year"]

_LONGEST: Final = 60
_MONTH_NAME = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS: Final = tuple(_MONTH_NAME.split("|"))
_NUMBERS: Final = {name: value for value, name in enumerate("零一二三四五六七八九十")} | {"两": 2, "an": 1, "a": 1}
_UNKNOWN: Final = frozenset(
    {"?", "unknown", "not known", "don't know", "不知道", "不清楚", "记不清", "记不清了", "忘了", "不详", "未知"}
)
_NOW: Final = frozenset({"now", "just now", "刚刚", "刚才", "现在", "刚"})
_AGO = re.compile(
    r"(?:约|大约|大概|about )?(?P<count>[0-9]{1,3}|[一二三四五六七八九十两]|半个?|half an|an?) ?个?"
    r"(?P<unit>分钟|分|min(?:ute)?s?|小时|钟头|hours?|h|天|days?) ?(?:多?前|以前|之前|ago)"
)
_DATE = (
    r"(?:(?:(?P<year>[0-9]{4})[-/.年]|(?P<short_year>[0-9]{2})年)?(?P<month>[0-9]{1,2})[-/月](?P<day>[0-9]{1,2})[日号]?"
    r"|(?P<year2>[0-9]{4})\.(?P<month2>[0-9]{1,2})\.(?P<day2>[0-9]{1,2})"
    r"|(?P<only_day>[0-9]{1,2})[日号]"
    rf"|(?P<day3>[0-9]{{1,2}})[ -]?(?P<name3>{_MONTH_NAME})[a-z]*[ ,-]*(?P<year3>[0-9]{{4}}|[0-9]{{2}}(?![0-9:]))?"
    rf"|(?P<name4>{_MONTH_NAME})[a-z]*[ -]?(?P<day4>[0-9]{{1,2}})(?:, ?(?P<year4>[0-9]{{4}}))?"
    r"|(?P<word>今天|今日|今|昨天|昨日|昨|前天|today|yesterday))"
)
_PART = r"(?P<part>凌晨|早上|早晨|清晨|早|上午|中午|下午|午后|傍晚|晚上|晚间|夜里|夜间|夜|晚)"
_CLOCK = (
    r"(?P<hour>[0-9]{1,2})(?:[:点时h](?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute>[0-9]{1,2})"
    r"(?:[:分](?P<second>[0-9]{1,2})秒?|分)?)?|(?P<packed>[0-9]{2})(?![0-9])|(?= ?[ap]\.?m))(?:钟|整)?"
)
_WHEN = re.compile(rf"{_DATE}?[ ,t]*(?:at )?{_PART}? ?(?:{_CLOCK})? ?(?P<half_day>am|pm|a\.m\.|p\.m\.)?")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})")
_AFTERNOON: Final = frozenset({"下午", "午后", "傍晚", "晚上", "晚间", "夜里", "夜间", "夜", "晚", "pm", "p.m."})
_MORNING: Final = frozenset({"凌晨", "早上", "早晨", "清晨", "早", "上午", "am", "a.m."})
_NOON: Final = 12


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the centre's zone, known to ``bounds.precision``.

    ``assumed`` is what was not said and taken for granted; ``is_window`` that
    the day alone stands for a time that nobody remembers.
    """

    bounds: TimeBounds
    assumed: Assumed | None = None
    is_window: bool = False

    @property
    def is_approximate(self) -> bool:
        """Return whether less than the minute is known."""
        return not self.bounds.is_exact()

    def to_json(self) -> dict[str, str]:
        """Return what stands in a report."""
        return self.bounds.to_json()


def moment(text: str, now: datetime, zone_name: str) -> Moment:
    """Return when something happened, as typed or said.

    A time of day that lies in the future was yesterday; a date without a year
    that lies in the future was last year.

    Args:
        text: What was typed.
        now: The instant of the clock.
        zone_name: The centre's zone.

    Raises:
        Unclear: Nothing typed, not a time, one that could mean two, or one that has not come yet.
    """
    plain = re.sub(r"\s+", " ", narrow(text).casefold()).strip().replace("時", "时").replace("點", "点")
    here = now.astimezone(zone(zone_name))
    if not plain:
        raise Unclear("time-empty")
    if len(plain) > _LONGEST:
        raise Unclear("time-unreadable")
    if plain in _UNKNOWN:
        return Moment(_bounds(here, "day", zone_name), "today", is_window=True)
    if plain in _NOW:
        return Moment(_bounds(here, "minute", zone_name))
    ago = _AGO.fullmatch(plain)
    if ago is not None:
        return _ago(ago, here, zone_name)
    dotted = _DOTTED.fullmatch(plain)
    if dotted is not None:
        if int(dotted[1]) <= _NOON and int(dotted[2]) <= 31:  # noqa: PLR2004 -- days
            raise Unclear("time-ambiguous")
        plain = f"{dotted[1]}:{dotted[2]}"
    found = _WHEN.fullmatch(plain)
    if found is None:
        raise Unclear("time-unreadable")
    return _placed(found, here, zone_name, now)


def _ago(found: re.Match[str], here: datetime, zone_name: str) -> Moment:
    said, unit = found["count"], found["unit"]
    is_half = said.startswith("半") or said == "half an"
    count = 0.5 if is_half else float(_NUMBERS.get(said, said))
    if unit.startswith(("分", "m")):
        return Moment(_bounds(here - timedelta(minutes=count), "minute", zone_name))
    if unit.startswith(("天", "d")):
        return Moment(_bounds(here - timedelta(days=count), "day", zone_name))
    return Moment(_bounds(here - timedelta(hours=count), "hour", zone_name))


def _placed(found: re.Match[str], here: datetime, zone_name: str, now: datetime) -> Moment:
    hour, minute, second = _clock(found)
    has_date = any(found[name] for name in ("month", "month2", "only_day", "day3", "day4", "word"))
    if hour is None and not has_date:
        raise Unclear("time-unreadable")
    if hour is not None and not has_date:
        return _time_of_day(here, (hour, minute, second), zone_name, now)
    start, assumed = _date(found, here)
    if hour is None and found["part"]:
        raise Unclear("time-unreadable")
    bounds = _parsed(_local(start, (hour, minute, second)), zone_name)
    if bounds.is_future(now):
        if assumed not in {"last-year", "last-month"}:
            raise Unclear("time-future")
        start = _one_back(start, assumed)
        bounds = _parsed(_local(start, (hour, minute, second)), zone_name)
        if bounds.is_future(now):
            raise Unclear("time-future")
        return Moment(bounds, assumed)
    return Moment(bounds)


def _one_back(start: datetime, by: Assumed) -> datetime:
    year, month = (start.year - 1, start.month) if by == "last-year" else (start.year, start.month - 1)
    if month == 0:
        year, month = year - 1, 12
    return _real(year, month, start.day)


def _time_of_day(
    here: datetime, clock: tuple[int | None, int | None, int | None], zone_name: str, now: datetime
) -> Moment:
    for back, assumed in ((0, "today"), (1, "yesterday")):
        bounds = _parsed(_local(here - timedelta(days=back), clock), zone_name)
        if not bounds.is_future(now):
            return Moment(bounds, "today" if assumed == "today" else "yesterday")
    raise Unclear("time-future")


def _clock(found: re.Match[str]) -> tuple[int | None, int | None, int | None]:
    if found["hour"] is None:
        if found["half_day"]:
            raise Unclear("time-unreadable")
        return None, None, None
    hour = int(found["hour"])
    written = found["packed"] or found["minute"]
    minute = 30 if found["half"] else {"一": 15, "三": 45}[found["quarter"]] if found["quarter"] else None
    minute = int(written) if written else minute
    second = int(found["second"]) if found["second"] else None
    part = found["half_day"] or found["part"]
    if part in _AFTERNOON and hour < _NOON:
        hour += _NOON
    elif part in _AFTERNOON and hour == _NOON and part not in {"下午", "午后", "pm", "p.m."}:
        raise Unclear("time-ambiguous")  # twelve at night: the end of which day
    elif part in _MORNING and hour == _NOON:
        hour = 0
    elif part == "中午" and hour < 3:  # noqa: PLR2004 -- one or two at noon
        hour += _NOON
    return hour, minute, second


def _date(found: re.Match[str], here: datetime) -> tuple[datetime, Assumed | None]:
    if found["word"]:
        back = 0 if found["word"] in {"今天", "今日", "今", "today"} else 2 if found["word"] == "前天" else 1
        return here - timedelta(days=back), None
    if found["only_day"]:
        try:
            return _real(here.year, here.month, int(found["only_day"])), "last-month"
        except Unclear:
            before = here.replace(day=1) - timedelta(days=1)
            return _real(before.year, before.month, int(found["only_day"])), None
    name = found["name3"] or found["name4"]
    month = _MONTHS.index(name) + 1 if name else int(found["month"] or found["month2"])
    day = int(found["day"] or found["day2"] or found["day3"] or found["day4"])
    year = found["year"] or found["year2"] or found["year3"] or found["year4"] or found["short_year"]
    if year is not None:
        return _real(int(year) + (2000 if len(year) == len("26") else 0), month, day), None
    return _real(here.year, month, day), "last-year"


def _real(year: int, month: int, day: int) -> datetime:
    try:
        return datetime(year, month, day)  # noqa: DTZ001 -- a local date: `parse_time` looks at its zone
    except ValueError:
        raise Unclear("time-unreadable") from None


def _local(start: datetime, clock: tuple[int | None, int | None, int | None]) -> str:
    hour, minute, second = clock
    text = f"{start.year:04d}-{start.month:02d}-{start.day:02d}"
    for mark, part in (("T", hour), (":", minute), (":", second)):
        if part is None:
            return text
        text += f"{mark}{part:02d}"
    return text


def _bounds(local: datetime, precision: Literal["day", "hour", "minute"], zone_name: str) -> TimeBounds:
    parts = {"day": (None, None, None), "hour": (local.hour, None, None), "minute": (local.hour, local.minute, None)}
    return _parsed(_local(local, parts[precision]), zone_name)


def _parsed(local: str, zone_name: str) -> TimeBounds:
    try:
        return parse_time({"local": local, "zone": zone_name})
    except InvalidValue:
        raise Unclear("time-unreadable") from None


def shown(moment_bounds: TimeBounds, now: datetime) -> str:
    """Return a time as the field shows it back, and reads it: ``11-24 22:36``, ``11-24 22h``.

    The year is left out where it is this one.
    """
    day, _, clock = moment_bounds.local.replace(" ", "T").partition("T")
    this_year = now.astimezone(zone(moment_bounds.zone)).year if "/" in moment_bounds.zone else now.year
    hour_only = "h" if clock and ":" not in clock else ""
    return f"{day.removeprefix(f'{this_year:04d}-')} {clock}{hour_only}".strip()


__all__ = ["FUTURE_ALLOWANCE", "Assumed", "Moment", "moment", "shown"]
