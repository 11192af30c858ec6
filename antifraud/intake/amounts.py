"""Amounts as operators type them, and as they are read back: ``4.2w``, ``4万2``, ``肆万贰仟元整`` are one and the same.

Read exactly, never through a binary fraction. What could mean two amounts is
refused with a code that the page turns into a sentence with an example: a
lost or added zero costs more than a second look.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from antifraud.foundation.money import MAX_MINOR, asset
from antifraud.foundation.problems import InvalidValue
from antifraud.foundation.texts import narrow
from antifraud.intake.unclear import Unclear

_LONGEST: Final = 60
_CENT_PLACES: Final = 2
_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_DIGITS: Final = "零一二三四五六七八九"
_CAPITALS: Final = "零壹贰叁肆伍陆柒捌玖"
_SAME: Final = str.maketrans(
    {
        **dict(zip("壹贰叁肆伍陆柒捌玖两兩貳參陸", "一二三四五六七八九二二二三六", strict=True)),
        **dict(zip("拾佰仟萬億w〇圆圓块塊毛正", "十百千万亿万零元元元元角整", strict=True)),
        "k": "千",
    }
)
_NOISE = re.compile("[\\s_\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_MARK = re.compile(r"人民币|rmb|cny|yuan|[¥￥]")
_OTHER_CURRENCY = re.compile(r"hkd|usd|eur|gbp|sgd|inr|jpy|twd|usdt|rs\.?|港币|港元|美元|欧元|英镑|日元|[$€£]")
_APPROXIMATE = re.compile(r"[约余多几~≈?？+]|大概|左右|about|around")
_PLAIN = re.compile(r"(?P<whole>[0-9]{1,38}|[0-9]{1,3}(?:,[0-9]{3}){1,12})(?:\.(?P<part>[0-9]{1,12}))?")
_TIMES_UNIT = re.compile(r"(?P<number>[0-9][0-9,]*(?:\.[0-9]{1,12})?)(?P<units>[十百千]?万?亿?)")
_SECTION = re.compile(
    r"(?:(?P<thousands>[1-9])千)?(?P<z1>0?)(?:(?P<hundreds>[1-9])百)?(?P<z2>0?)"
    r"(?:(?P<tens>[1-9]?)十)?(?P<z3>0?)(?P<ones>[1-9])?"
)
_CHANGE = re.compile(r"0?(?:(?P<tenths>[0-9])角)?0?(?:(?P<cents>[0-9])分)?整?")
_SPOKEN_DIGITS = re.compile("[一二三四五六七八九][零一二三四五六七八九]")


def amount(text: str, code: str = "CNY") -> int:
    """Return the minor units of an amount as typed.

    Raises:
        Unclear: Nothing typed, not an amount, one that could mean two, zero or
            less, or finer than the currency's smallest unit.
    """
    plain = _MARK.sub("", _NOISE.sub("", narrow(text).casefold()))
    if not plain:
        raise Unclear("amount-empty")
    if len(plain) > _LONGEST:
        raise Unclear("amount-unreadable")
    if plain[0] in "-−–—":
        raise Unclear("amount-negative")
    if _OTHER_CURRENCY.search(plain):
        raise Unclear("amount-other-currency")
    if _APPROXIMATE.search(plain):
        raise Unclear("amount-approximate")
    tidy = plain.translate(_SAME)
    if _SPOKEN_DIGITS.search(tidy):
        raise Unclear("amount-ambiguous")
    tidy = tidy.removesuffix("钱")
    major, has_yuan, rest = tidy.partition("元")
    if not has_yuan and re.search("[角分]", tidy):
        return _minor(_change(tidy), code)
    value = _number(major if has_yuan else major.removesuffix("整"))
    return _minor(value + _change(rest) if has_yuan else value, code)


def _minor(value: Decimal, code: str) -> int:
    try:
        exponent = asset(code).exponent
    except InvalidValue:
        raise Unclear("currency-unknown") from None
    minor = value.scaleb(exponent)
    if minor != minor.to_integral_value():
        raise Unclear("amount-too-fine")
    if minor == 0:
        raise Unclear("amount-zero")
    if minor > MAX_MINOR:
        raise Unclear("amount-unreadable")
    return int(minor)


def _number(text: str) -> Decimal:
    """Return what stands before the 元: digits, digits with one unit, or words."""
    if not re.search(r"[十百千万亿]", text):
        return _plain(_as_digits(text))
    ascii_text = _as_digits(text)
    found = _TIMES_UNIT.fullmatch(ascii_text)
    if found is not None and found["units"]:
        product = 1
        for unit in found["units"]:
            product *= _UNITS[unit]
        return _plain(found["number"]) * product
    return _words(ascii_text, "零" in text)


def _as_digits(text: str) -> str:
    return text.translate(str.maketrans(_DIGITS, "0123456789"))


def _plain(text: str) -> Decimal:
    found = _PLAIN.fullmatch(text)
    if found is None:
        # 4,2 is a decimal comma here and a slip of the grouping there.
        raise Unclear("amount-ambiguous" if re.fullmatch(r"[0-9][0-9,.]*", text) else "amount-unreadable")
    return Decimal(found["whole"].replace(",", "") + "." + (found["part"] or "0"))


def _words(text: str, has_zero_word: bool) -> Decimal:  # noqa: FBT001 -- private, one caller
    """Return the value of 4万2千, 1亿2, 十二万 and the like; each part is smaller than the unit before it."""
    for unit in ("亿", "万"):
        head, mark, tail = text.partition(unit)
        if mark:
            size = _UNITS[unit]
            if unit in tail or not head:
                raise Unclear("amount-unreadable")
            front = _words(head, has_zero_word) if re.search(r"[十百千万]", head) else _plain(head)
            return front * size + _after(tail, size, has_zero_word, is_whole=front == front.to_integral_value())
    return _section(text)


def _after(tail: str, size: int, has_zero_word: bool, *, is_whole: bool) -> Decimal:  # noqa: FBT001 -- private
    """Return what follows 万 or 亿: 2 alone means two of the next smaller unit, as people say it."""
    if not tail:
        return Decimal(0)
    if not is_whole:
        raise Unclear("amount-ambiguous")
    if tail.isdecimal():
        if len(tail) == 1 and tail != "0":
            return Decimal(int(tail) * size // 10)
        if has_zero_word and re.fullmatch(r"0[1-9]", tail):
            return Decimal(int(tail))
        # 4万20 and 4万05 are written for two different amounts each.
        if len(tail) in {len(str(size)) - 2, len(str(size)) - 1}:
            return Decimal(int(tail))
        raise Unclear("amount-ambiguous")
    value = _words(tail.removeprefix("0") if has_zero_word else tail, has_zero_word)
    if value >= size:
        raise Unclear("amount-unreadable")
    return value


def _section(text: str) -> Decimal:
    found = _SECTION.fullmatch(text)
    if found is None or not text:
        number, unit = re.fullmatch(r"([0-9.,]*)([十百千])?(.*)", text).group(1, 2)  # type: ignore[union-attr]  # matches any text
        if unit and number and not text.removeprefix(number + unit):
            return _plain(number) * _UNITS[unit]
        raise Unclear("amount-ambiguous" if re.fullmatch(r"[0-9十百千]+", text) else "amount-unreadable")
    total = 1000 * int(found["thousands"] or 0) + 100 * int(found["hundreds"] or 0)
    last = 100 if found["hundreds"] else 1000 if found["thousands"] else 1
    if found["tens"] is not None:
        total += 10 * int(found["tens"] or 1)
        last = 1
    ones = int(found["ones"] or 0)
    is_after_zero = bool(found["z1"] or found["z2"] or found["z3"])
    return Decimal(total + ones * (1 if is_after_zero or last == 1 else last // 10))


def _change(rest: str) -> Decimal:
    found = _CHANGE.fullmatch(_as_digits(rest))
    if found is None:
        raise Unclear("amount-unreadable")
    return Decimal(int(found["tenths"] or 0) * 10 + int(found["cents"] or 0)).scaleb(-_CENT_PLACES)


def in_capitals(minor: int) -> str:
    """Return an amount of yuan in the capital words of Chinese vouchers: 肆万贰仟元整; empty above 10^16 yuan."""
    yuan, cents = divmod(minor, 100)
    if not 0 <= yuan < 10**16:
        return ""
    tenths, hundredths = divmod(cents, 10)
    text = _chinese(yuan, _CAPITALS, "拾佰仟") + "元" if yuan else ""
    if not cents:
        return text + "整"
    if tenths:
        text += _CAPITALS[tenths] + "角"
    elif yuan:
        text += "零"
    return text + (_CAPITALS[hundredths] + "分" if hundredths else "整")


def spoken(minor: int) -> str:
    """Return an amount of yuan as Chinese speech has it: 四万两千元; empty above 10^16 yuan."""
    yuan, cents = divmod(minor, 100)
    if not 0 <= yuan < 10**16:
        return ""
    words = re.sub(r"二(?=[千万亿百])", "两", _chinese(yuan, _DIGITS, "十百千")) if yuan else ""
    words = re.sub(r"(?<=[十百])两(?=[万亿])", "二", re.sub(r"^一(?=十)", "", words))
    tenths, hundredths = divmod(cents, 10)
    text = words + "元" if yuan else ""
    if tenths:
        text += _DIGITS[tenths] + "角"
    elif hundredths and yuan:
        text += "零"
    return text + (_DIGITS[hundredths] + "分" if hundredths else "")


def _chinese(value: int, digits: str, units: str) -> str:
    """Return a whole number below 10^16 in Chinese words, a zero said once wherever places are skipped."""
    groups: list[tuple[int, str]] = []
    for name in ("", "万", "亿", "万亿"):
        groups.append((value % 10_000, name))
        value //= 10_000
    text, is_gap = "", False
    for group, name in reversed(groups):
        if not group:
            is_gap = bool(text)
            if name == "亿" and text.endswith("万"):
                text += "亿"
            continue
        if text and (is_gap or group < 1000):  # noqa: PLR2004 -- a thousand of the group
            text += digits[0]
        text += _group(group, digits, units) + (name if name != "万亿" else "万")
        if name == "万亿" and not groups[2][0]:
            text += "亿"
        is_gap = False
    return text


def _group(value: int, digits: str, units: str) -> str:
    text, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if not digit:
            is_gap = bool(text)
            continue
        text += (digits[0] if is_gap else "") + digits[digit] + (units[place - 1] if place else "")
        is_gap = False
    return text


def in_wan(minor: int) -> tuple[str, str]:
    """Return an amount of yuan as (number, unit): ("4.2", "万元"), ("1.3", "亿元"), ("500", "元"); exact."""
    yuan = Decimal(minor).scaleb(-_CENT_PLACES)
    for size, unit in ((8, "亿元"), (4, "万元")):
        if yuan >= 10**size:
            return _trimmed(yuan.scaleb(-size)), unit
    return _trimmed(yuan), "元"


def _trimmed(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
