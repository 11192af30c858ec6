"""How things are written on a page: money, instants, lengths of time, silhouettes of states."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from antifraud.console.frame import words
from antifraud.console.frame.languages import language, zone
from antifraud.console.frame.page import console
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.money import to_major
from workflows.clocks import offset_if_ambiguous, zone_of

NOTHING: Final = "—"
"""What stands where nothing is known; never 0 and never blank."""
SIGNS: Final = {"CNY": "¥"}
SOON: Final = timedelta(minutes=5)
NEXT: Final = timedelta(minutes=30)
_HOUR, _MINUTE = 3600, 60
_WAN: Final = 10_000
_MILLION: Final = 1_000_000
_CENT: Final = Decimal("0.01")
_SHAPES: Final = {
    "late": '<path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z"/><path class="cut" d="M8 4.2v4.3M8 11.6v.1"/>',
    "soon": '<path d="M8 1.2l7.2 13H.8z"/><path class="cut" d="M8 6v3.6M8 11.9v.1"/>',
    "fix": '<path d="M8 .8L15.2 8 8 15.2.8 8z"/><path class="cut" d="M5.6 6.7h4.8M5.6 9.5h4.8M9.6 5L6.4 11.2"/>',
    "wait": '<circle class="ln" cx="8" cy="8" r="6.4"/><path d="M8 4v4h4A4 4 0 0 0 8 4z"/>',
    "held": '<rect x="1" y="1" width="14" height="14" rx="4"/><path class="cut" d="M6 5v6M10 5v6"/>',
    "done": '<circle cx="8" cy="8" r="7.3"/><path class="cut" d="M4.7 8.3l2.3 2.3 4.4-4.8"/>',
    "moved": '<path d="M1 4.5h7V1l7 7-7 7v-3.5H1z"/>',
    "gone": '<circle class="ln" cx="8" cy="8" r="6.3"/><path class="ln" d="M3.7 12.3l8.6-8.6"/>',
    "idle": '<circle class="ln" cx="8" cy="8" r="6.2"/>',
    "acc": '<circle cx="8" cy="8" r="4.5"/>',
}


def register(app: Flask) -> None:
    """Give the templates their filters and functions."""
    app.jinja_env.filters.update(
        money=money,
        money_short=money_short,
        instant=instant,
        clock_time=clock_time,
        due_time=due_time,
        day=day,
        iso=iso,
        duration=duration,
        digits=digits,
    )
    app.jinja_env.globals.update(
        word=words.word,
        look=look_of,
        word_of=word_of,
        role_word=lambda role: words.word("role", role),
        silhouette=shape,
        cd=countdown_parts,
        now=now,
        NOTHING=NOTHING,
    )


def money(minor: int | None, asset: str) -> str:
    """Return the exact amount: ¥186,000.00; other assets with their code before them."""
    if minor is None:
        return NOTHING
    whole, point, part = to_major(abs(minor), asset).partition(".")
    number = f"{int(whole):,}{point}{part}"
    sign = "−" if minor < 0 else ""
    return f"{sign}{SIGNS[asset]}{number}" if asset in SIGNS else f"{sign}{asset} {number}"


def money_short(minor: int | None, asset: str) -> str:
    """Return a total, rounded half-even to two decimals of 万元 (Chinese) or of a million (English)."""
    if minor is None:
        return NOTHING
    major = Decimal(to_major(minor, asset))
    if language() == "zh":
        amount = f"{(major / _WAN).quantize(_CENT, ROUND_HALF_EVEN):,}"
        return f"{amount} 万元" if asset == "CNY" else f"{asset} {amount} 万"
    return f"{asset} {(major / _MILLION).quantize(_CENT, ROUND_HALF_EVEN):,} m"


def now() -> datetime:
    """Return the present instant of the installation's clock."""
    return console().installation.clock.now()


def instant(at: datetime | None) -> str:
    """Return an instant in the centre's zone, to the second, with its year only where it is not this year."""
    if at is None:
        return NOTHING
    local = at.astimezone(zone())
    this_year = now().astimezone(zone()).year == local.year
    return (f"{local:%m-%d %H:%M:%S}" if this_year else f"{local:%Y-%m-%d %H:%M:%S}") + _offset(at, zone())


def clock_time(at: datetime | None) -> str:
    """Return only the time of day, in the centre's zone."""
    return NOTHING if at is None else f"{at.astimezone(zone()):%H:%M:%S}{_offset(at, zone())}"


def due_time(at: datetime, other: str) -> str:
    """Return a due instant with the centre's zone, and in the zone that it was counted in, if that differs."""
    mine, theirs = zone(), zone_of(other)
    text = f"{instant(at)} {mine.key}"
    if theirs.key == mine.key:
        return text
    return f"{text} ({at.astimezone(theirs):%m-%d %H:%M:%S}{_offset(at, theirs)} {theirs.key})"


def _offset(at: datetime, where: ZoneInfo) -> str:
    """Return the UTC offset of a local time that comes twice in its night; nothing for any other."""
    offset = offset_if_ambiguous(at, where)
    return f" UTC{offset}" if offset else ""


def day(at: datetime) -> str:
    """Return the day with its weekday: 11-24 周二, 11-24 Tue."""
    local = at.astimezone(zone())
    weekdays = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return f"{local:%m-%d} {weekdays[local.weekday()]}"


def iso(at: datetime) -> str:
    """Return the instant for machines: ISO 8601 in UTC, whole milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digits(length: timedelta) -> str:
    """Return a length as a countdown shows it: 01:42, 1:52:10, and +02:07 for what is over since then.

    A part of a second is rounded towards overdue, on both sides of the instant: shown once a second, a countdown is
    never a whole second behind.
    """
    seconds = abs(length // timedelta(seconds=1))
    hours, rest = divmod(seconds, _HOUR)
    sign = "+" if length < timedelta() and seconds else ""
    minutes, left = divmod(rest, _MINUTE)
    return f"{sign}{hours}:{minutes:02}:{left:02}" if hours else f"{sign}{minutes:02}:{left:02}"


def duration(length: timedelta | None) -> str:
    """Return a length of time in words, with its two largest units."""
    if length is None:
        return NOTHING
    seconds = int(abs(length).total_seconds())
    days, rest = divmod(seconds, 24 * _HOUR)
    hours, rest = divmod(rest, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    if days:
        text = _("%(days)s d %(hours)s h", days=days, hours=hours)
    elif hours:
        text = _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    elif minutes:
        text = _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=left)
    else:
        text = _("%(seconds)s s", seconds=left)
    return str(text)


def countdown_parts(due_at: datetime, started_at: datetime | None) -> dict[str, object]:
    """Return what a countdown shows at this moment: its digits, its state, and how full its bar is (0 to 100)."""
    left = due_at - now()
    if left <= timedelta():
        look, share = "late", 100.0
    else:
        whole = due_at - started_at if started_at is not None and started_at < due_at else NEXT
        look = "soon" if left <= SOON else "wait" if left <= NEXT else ""
        share = max(0.0, min(100.0, 100 * (left / whole)))
    return {"digits": digits(left), "look": look, "share": round(share, 1)}


def look_of(code: str) -> str:
    """Return the look of a state: of a look itself, or of ``<kind>.<code>`` of the workflow."""
    kind, point, rest = code.partition(".")
    if point:
        return words.look(kind, rest)
    if kind not in _SHAPES:
        raise KeyError(code)
    return kind


def word_of(code: str) -> str:
    """Return the word of a state, given as in `look_of`."""
    kind, point, rest = code.partition(".")
    return str(words.word(kind, rest) if point else words.word("look", kind))


def shape(code: str, classes: str = "") -> Markup:
    """Return the silhouette of a state, hidden from readers: the word stands beside it."""
    look = look_of(code)
    css = f"shape {classes}".strip()
    return Markup('<svg class="{}" data-shape="{}" viewBox="0 0 16 16" aria-hidden="true">{}</svg>').format(
        css,
        look,
        Markup(_SHAPES[look]),  # noqa: S704 - our own drawings
    )
