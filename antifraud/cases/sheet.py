"""A due instant on one sheet, in English or Chinese: from its lines alone a stranger computes the instant again.

The console's page and the command print the same lines.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final

from antifraud.cases.arithmetic import local, tell, utc
from antifraud.cases.derivations import Explanation
from workflows.clocks import explain as in_words
from workflows.clocks import zone_of
from workflows.state import Counting

Line = tuple[str, str]
_LABELS: Final = {
    "deadline": ("Deadline", "时限"),
    "case": ("Case", "案件"),
    "about": ("Waits for", "等待事项"),
    "institution": ("Institution", "机构"),
    "definition": ("Definition", "流程定义"),
    "content_hash": ("Content hash", "内容哈希"),
    "rule": ("Rule", "规则位置"),
    "source": ("Source", "依据"),
    "confidence": ("Confidence", "可信度"),
    "start_event": ("Start event", "起算事件"),
    "start": ("Start", "起算时刻"),
    "end": ("Counted back from", "倒推自"),
    "length": ("Length", "时长"),
    "calendar": ("Calendar", "计算方式"),
    "zone": ("Zone", "时区"),
    "tzdata": ("Zone data", "时区数据"),
    "days": ("Calendar of days", "日历"),
    "rest": ("Weekdays that do not count", "不计入的星期"),
    "skipped": ("Other dates that do not count", "另外不计入的日期"),
    "worked": ("Dates that count all the same", "另外计入的日期"),
    "cutoff": ("Cut-off", "截止钟点"),
    "start_day": ("Day of the start", "开始当日"),
    "ends": ("Ends", "结束于"),
    "hard_end": ("Hard end", "最迟期限"),
    "pause": ("Pause", "暂停"),
    "words": ("In words", "文字表述"),
    "step": ("Step", "步骤"),
    "due": ("Due", "到期时刻"),
    "due_in": ("Due in", "到期时刻, 时区"),
    "computed": ("Computed again", "重新计算"),
    "state": ("State", "状态"),
}
_CALENDARS: Final = {
    "absolute": ("elapsed time; a day has 24 hours", "经过时间, 一天为24小时"),
    "calendar": ("dates of the zone", "按时区的日期"),
    "working_days": ("working days in the zone", "按时区的工作日"),
    "banking_days": ("banking days in the zone", "按时区的银行营业日"),
}
_ENDS: Final = {
    "same_time": ("at the same time of day", "同一钟点"),
    "end_of_day": ("with the last microsecond of the day", "当日最后一微秒"),
}
_STATES: Final = {
    "running": ("running", "进行中"),
    "fired": ("fired", "已触发"),
    "met": ("met", "已满足"),
    "void": ("void", "已作废"),
}
_CONFIDENCE: Final = {"high": "高", "medium": "中", "low": "低"}


def sheet(found: Explanation, centre_zone: str, *, zh: bool) -> list[Line]:
    """Return the sheet's lines, each a label and what stands beside it; no personal data is among them."""
    derivation = found.read()
    told = tell(derivation, zh=zh)
    lines = [
        _line("deadline", str(found.id), zh=zh),
        _line("case", found.case_no, zh=zh),
        _line("about", _about(found, zh=zh), zh=zh),
        *([_line("institution", found.institution, zh=zh)] if found.institution else []),
        _line("definition", derivation.definition, zh=zh),
        _line("content_hash", found.content_hash, zh=zh),
        _line("rule", derivation.rule, zh=zh),
        _line("source", derivation.source, zh=zh),
        _line("confidence", _confidence(found.confidence, zh=zh), zh=zh),
        _line("start_event", derivation.start_event, zh=zh),
        _line("end" if derivation.length.startswith("-") else "start", utc(derivation.started_at), zh=zh),
        _line("length", derivation.length, zh=zh),
        _line("calendar", f"{derivation.calendar} ({_said(_CALENDARS, derivation.calendar, zh=zh)})", zh=zh),
        _line("zone", derivation.zone, zh=zh),
        _line("tzdata", _zone_data(derivation.tzdata, zh=zh), zh=zh),
        *_counting(derivation.counting, zh=zh),
        _line("words", in_words(derivation, "zh" if zh else "en"), zh=zh),
    ]
    lines += [(f"{_label('step', zh=zh)} {number}", step) for number, step in enumerate(told.steps, start=1)]
    lines.append(_line("due", utc(found.due_at), zh=zh))
    zones = dict.fromkeys([centre_zone, derivation.zone, *_zone_of_country(found.country)])
    lines += [
        (f"{_label('due_in', zh=zh)} {zone}", local(found.due_at, zone))
        for zone in _differing(found.due_at, list(zones))
    ]
    agrees = found.agrees and told.due_at in {None, found.due_at}
    lines.append(_line("computed", _computed(found, agrees=agrees, zh=zh), zh=zh))
    lines.append(_line("state", _state(found, zh=zh), zh=zh))
    return lines


def _label(name: str, *, zh: bool) -> str:
    return _LABELS[name][zh]


def _line(name: str, value: str, *, zh: bool) -> Line:
    return _label(name, zh=zh), value


def _said(words: dict[str, tuple[str, str]], code: str, *, zh: bool) -> str:
    return words[code][zh] if code in words else code


def _about(found: Explanation, *, zh: bool) -> str:
    if zh:
        return f"{found.kind}, 第{found.step}级, {found.subject_kind} {found.subject_id}"
    return f"{found.kind}, step {found.step}, of {found.subject_kind} {found.subject_id}"


def _confidence(code: str | None, *, zh: bool) -> str:
    if code is None:
        return "未注明" if zh else "not said"
    return _CONFIDENCE.get(code, code) if zh else code


def _zone_data(version: str | None, *, zh: bool) -> str:
    if version is None:
        return "未使用" if zh else "not used"
    return f"tzdata {version}"


def _counting(counting: Counting | None, *, zh: bool) -> list[Line]:
    if counting is None:
        return []
    none = "无" if zh else "none"
    lines = []
    if counting.days is not None:
        version = counting.version or none
        lines += [
            _line("days", f"{counting.days}, {'版本' if zh else 'version'} {version}", zh=zh),
            _line("rest", ", ".join(counting.rest_days) or none, zh=zh),
            _line("skipped", ", ".join(counting.skipped) or none, zh=zh),
            _line("worked", ", ".join(counting.worked) or none, zh=zh),
        ]
    lines.append(_line("cutoff", counting.cutoff or none, zh=zh))
    if counting.counts_start_day:
        lines.append(_line("start_day", "计入" if zh else "counts", zh=zh))
    else:
        lines.append(_line("start_day", "不计入" if zh else "does not count", zh=zh))
    lines.append(_line("ends", f"{counting.ends} ({_said(_ENDS, counting.ends, zh=zh)})", zh=zh))
    lines.append(_line("hard_end", counting.hard_end or none, zh=zh))
    for pause in counting.pauses:
        until = utc(pause.resumed_at) if pause.resumed_at else ("尚未恢复" if zh else "not resumed")
        lines.append(_line("pause", f"{utc(pause.paused_at)} / {until}", zh=zh))
    return lines


def _computed(found: Explanation, *, agrees: bool, zh: bool) -> str:
    at = utc(found.recomputed_at)
    if agrees:
        return f"{at}: {'一致' if zh else 'it agrees'}"
    data = f"tzdata {found.tzdata}"
    return f"{at} ({data}): {'不一致' if zh else 'it does NOT agree'}"


def _state(found: Explanation, *, zh: bool) -> str:
    said = _said(_STATES, found.state, zh=zh)
    if found.ended_at is None:
        return said
    said += f" {utc(found.ended_at)}"
    if found.late_by_seconds:
        late = timedelta(seconds=found.late_by_seconds)
        said += f", 迟 {late}" if zh else f", late by {late}"
    if found.caught_up:
        said += ", 停机后补触发" if zh else ", caught up after an outage"
    return said


def _differing(at: datetime, zones: list[str]) -> list[str]:
    """Return the zones, without those in which the instant has the local time and the offset of an earlier one."""
    seen, found = set(), []
    for zone in zones:
        shown = local(at, zone)
        if shown not in seen:
            seen.add(shown)
            found.append(zone)
    return found


def _zone_of_country(country: str | None) -> list[str]:
    """Return the zone of a country that has only one; which one of several an institution keeps is not known."""
    zones = _zones().get((country or "").upper(), [])
    return [zone_of(zone).key for zone in zones] if len(zones) == 1 else []


@cache
def _zones() -> dict[str, list[str]]:
    """Return the zones of each country, from the pinned zone data's own table."""
    found: dict[str, list[str]] = defaultdict(list)
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, zone, *_rest = line.split("\t")
            found[country].append(zone)
    return dict(found)
