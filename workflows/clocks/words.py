"""The rule of a due instant in words, as it stands beside the instant: English and Chinese."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby

from workflows.clocks.boxes import COUNTED, END_OF_DAY, SAME_TIME
from workflows.clocks.lengths import Length, parse_length
from workflows.clocks.zones import zone_of
from workflows.state import Counting, Derivation

ZH = "zh"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNITS = {
    "years": ("year", "年"),
    "months": ("month", "个月"),
    "days": ("day", "天"),
    "hours": ("hour", "小时"),
    "minutes": ("minute", "分钟"),
    "seconds": ("second", "秒"),
}
_KINDS = {"working_days": ("working day", "个工作日"), "banking_days": ("banking business day", "个银行营业日")}
_HOURS_A_DAY, _MONTHS_A_YEAR, _MINUTES_AN_HOUR = 24, 12, 60


def explain(derivation: Derivation, lang: str = "en") -> str:
    """Return how the due instant was counted, in the words of ``lang`` (`en`, or `zh` for every Chinese).

    For example "15 banking business days, TARGET, without 26 and 29 March".
    """
    lang = ZH if lang.startswith("zh") else "en"
    if derivation.length.startswith("-"):
        before = _elapsed(parse_length(derivation.length[1:]), lang)
        return f"到期前{before}" if lang == ZH else f"{before} before the end"
    counting = derivation.counting or Counting()
    if counting.unreached:
        return _unreached(derivation, counting.unreached, lang)
    length = parse_length(derivation.length)
    plural = "s" if len(counting.worked) > 1 else ""
    first, *rest = [
        _length(length, derivation.calendar, counting.days, lang),
        *_without(counting.skipped, "除去" if lang == ZH else "without ", lang),
        *_without(counting.worked, "计入调休上班的" if lang == ZH else f"counting the make-up workday{plural} ", lang),
        *_edges(derivation, counting, lang),
        *_pauses(derivation, counting, lang),
    ]
    return ", ".join([first, *rest])


def _length(length: Length, calendar: str, days: str | None, lang: str) -> str:
    if calendar not in COUNTED:
        if calendar == "absolute":
            return _elapsed(length, lang)
        words = _calendar_length(length, lang)
        if lang == ZH:
            return f"{words}(按日历)"
        return f"{words} by the calendar"
    english, chinese = _KINDS[calendar]
    rest = _spans(("hours", "minutes", "seconds"), _clock(length.seconds), lang)
    if lang == ZH:
        return f"{length.days}{chinese}({days})" + (f"再加{rest}" if rest else "")
    plural = "" if length.days == 1 else "s"
    return f"{length.days} {english}{plural}, {days}" + (f", and {rest}" if rest else "")


def _elapsed(length: Length, lang: str) -> str:
    """Say an elapsed time; a day of it has 24 hours, so days are said in hours."""
    hours, minutes, seconds = _clock(length.seconds)
    found = _spans(("hours", "minutes", "seconds"), (length.days * _HOURS_A_DAY + hours, minutes, seconds), lang)
    return found or ("立即" if lang == ZH else "at once")


def _calendar_length(length: Length, lang: str) -> str:
    years, months = divmod(length.months, _MONTHS_A_YEAR)
    return _spans(tuple(_UNITS), (years, months, length.days, *_clock(length.seconds)), lang)


def _clock(seconds: int) -> tuple[int, int, int]:
    minutes, seconds = divmod(seconds, _MINUTES_AN_HOUR)
    return minutes // _MINUTES_AN_HOUR, minutes % _MINUTES_AN_HOUR, seconds


def _spans(units: tuple[str, ...], counts: tuple[int, ...], lang: str) -> str:
    parts = []
    for unit, count in zip(units, counts, strict=True):
        if count:
            english, chinese = _UNITS[unit]
            parts.append(f"{count}{chinese}" if lang == ZH else f"{count} {english}{'' if count == 1 else 's'}")
    return "".join(parts) if lang == ZH else " ".join(parts)


def _without(dates: tuple[str, ...], before: str, lang: str) -> Iterable[str]:
    if dates:
        yield before + _dates(dates, lang)


def _dates(texts: tuple[str, ...], lang: str) -> str:
    """Say dates, each month once: "26 and 29 March, 1 April"; the year where they are of more than one."""
    days = [date.fromisoformat(text) for text in texts]
    is_one_year = len({day.year for day in days}) == 1
    parts = []
    for (year, month), group in groupby(days, key=lambda day: (day.year, day.month)):
        numbers = [str(day.day) for day in group]
        if lang == ZH:
            head = f"{month}月" if is_one_year else f"{year}年{month}月"
            parts.append(head + _listed([f"{number}日" for number in numbers], "和", "、"))
        else:
            tail = _MONTHS[month - 1] if is_one_year else f"{_MONTHS[month - 1]} {year}"
            parts.append(f"{_listed(numbers, ' and ', ', ')} {tail}")
    return ("、" if lang == ZH else "; ").join(parts)


def _listed(items: list[str], last: str, between: str) -> str:
    return last.join([between.join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]


def _edges(derivation: Derivation, counting: Counting, lang: str) -> Iterable[str]:
    if counting.counts_start_day:
        yield "开始当日计入" if lang == ZH else "the day of the start counted"
    if counting.cutoff:
        late = _is_after(derivation, counting.cutoff)
        if lang == ZH:
            yield f"{counting.cutoff}以后开始的从次日起算" + ("(本次即是)" if late else "")
        else:
            yield f"a start from {counting.cutoff} on counted as the next day" + (" (as this one)" if late else "")
    if counting.ends == END_OF_DAY:
        yield "至当日结束" if lang == ZH else "to the end of the day"
    elif counting.ends != SAME_TIME:
        yield f"至当日{counting.ends}" if lang == ZH else f"to {counting.ends}"
    if derivation.calendar != "absolute":
        yield derivation.zone
    if counting.offset:
        yield (
            f"UTC{counting.offset}(该时刻当日出现两次)"
            if lang == ZH
            else f"UTC{counting.offset} (this hour came twice)"
        )


def _is_after(derivation: Derivation, cutoff: str) -> bool:
    return derivation.started_at.astimezone(zone_of(derivation.zone)).strftime("%H:%M") >= cutoff


def _pauses(derivation: Derivation, counting: Counting, lang: str) -> Iterable[str]:
    for one in counting.pauses:
        begun = _local(one.paused_at, derivation.zone)
        if one.resumed_at is None:
            yield f"自{begun}起暂停" if lang == ZH else f"paused since {begun}"
        else:
            ended = _local(one.resumed_at, derivation.zone)
            yield f"{begun}至{ended}暂停" if lang == ZH else f"paused from {begun} to {ended}"
    if counting.hard_end:
        length = _length(parse_length(counting.hard_end), derivation.calendar, counting.days, lang)
        yield f"最迟{length}" if lang == ZH else f"at the latest {length}"


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(zone_of(zone)).strftime("%Y-%m-%d %H:%M")


def _unreached(derivation: Derivation, missing: str, lang: str) -> str:
    name, _, year = missing.partition(" ")
    length = _length(parse_length(derivation.length), derivation.calendar, name, lang)
    if lang == ZH:
        return f"{length}: 无法计算, {f'日历{name}没有{year}年的数据' if year else f'没有日历{name}'}"
    return f"{length}: not counted, {f'calendar {name} has no data for {year}' if year else f'no calendar {name}'}"
