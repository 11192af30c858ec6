"""The week's figures as lines for a terminal, in both languages."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from antifraud.foundation.money import to_major
from antifraud.timeliness.weeks import Week

_TITLE_WIDTH: Final = 46
_RATE_WIDTH: Final = 8


def lines(document: Mapping[str, Any], week: Week) -> Iterator[str]:
    """Yield the figures of a document as `rules.document` makes it; ``-`` stands where nothing can be said."""
    yield (
        f"{week.name}  {document['centre']}  {week.zone}  {week.start:%Y-%m-%d %H:%MZ} .. {week.end:%Y-%m-%d %H:%MZ}"
        f"  ({week.hours()} h)"
    )
    for figure in document["figures"]:
        title = f"{figure['title']['zh']} {figure['title']['en']}"
        match figure["rule"]:
            case "boxes":
                yield _line(title, _rate(figure), f"{figure['numerator']}/{figure['denominator']}  {_beside(figure)}")
            case "value":
                unknown = figure["cases_with_unknown_amount"]
                yield _line(title, "", f"{figure['cases']} 案件 cases, {unknown} 金额不明 of unknown amount")
                for row in figure["assets"]:
                    part, whole = (
                        to_major(int(row[f"{of}_minor"]), row["asset"]) for of in ("numerator", "denominator")
                    )
                    yield _line(f"  {row['asset']}", _rate(row), f"{part} / {whole}  ({row['cases']} 案件 cases)")
            case _:
                yield _line(title, "", f"{figure['cases']} 案件 cases, {figure['never_held']} 从未止付 never held")
                for name, called in (("of_held", "  已止付案件 of the held"), ("of_all", "  全部案件 of all")):
                    places = figure[name]
                    yield _line(
                        called,
                        "",
                        f"中位数 median {_duration(places['median_ms'])}, p90 {_duration(places['p90_ms'])}"
                        f"  (n={places['cases']})",
                    )
    version = f"{document['measures_version']} ({document['measures_hash'][:12]})"
    yield f"measures {version}, cut-off {document['cut_off_at']}"


def _line(title: str, rate: str, rest: str) -> str:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in title)
    return f"{title}{' ' * max(1, _TITLE_WIDTH - len(title) - wide)}{rate:>{_RATE_WIDTH}}  {rest}".rstrip()


def _rate(figure: Mapping[str, Any]) -> str:
    if figure["rate"] is not None:
        return f"{figure['rate']} %"
    return "-" if figure["rate_withheld"] == "nothing_to_count" else "n<min"


def _beside(figure: Mapping[str, Any]) -> str:
    names = [("late", "迟到 late"), ("open", "未到 open"), ("excluded", "剔除 excluded")]
    if figure["request_kinds"] is not None:
        names.append(("other_requests", "其他请求不计 other requests, not counted"))
    return ", ".join(f"{called} {figure[name]}" for name, called in names)


def _duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes} min {rest // 1000} s" if minutes else f"{rest / 1000:.1f} s"
