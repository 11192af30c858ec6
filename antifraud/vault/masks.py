"""What may be shown of a name, a telephone or an account without a reason; masks are made here, never in a browser.

Pure, and total: any text gives a mask. At most half of what was given is
shown (of a mainland mobile number, as is the custom, the network's prefix and
the last four digits), and never all of it.
"""

import unicodedata
from typing import Final

NOTHING: Final = "—"
"""Shown where nothing is known."""

_MOBILE_DIGITS: Final = 11
_ENDS: Final = 4
_STAR: Final = "*"

_COMPOUND_NAMES: Final = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠"
    " 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父"
    " 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚"
    " 左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑 即墨 淳于 单于 歐陽 司馬 東方 諸葛"
    " 尉遲 公孫 鍾離 長孫 鮮于"
)
_COMPOUND: Final = frozenset(_COMPOUND_NAMES.split())


def mask_name(name: str | None) -> str:
    """Return the family name and stars: 赵**, 王*, 欧阳**; of a name in letters its first word: Zhao **.

    Never more than two stars, so that a long name does not tell how long it is.
    """
    text = _plain(name)
    if not text:
        return NOTHING
    if any(_is_ideograph(ch) for ch in text):
        letters = text.replace(" ", "")
        shown = 2 if letters[:2] in _COMPOUND and len(letters) > len("欧阳") else 1
        shown = min(shown, len(letters) - 1)
        return letters[:shown] + _STAR * min(max(len(letters) - shown, 1), 2)
    first, _, rest = text.partition(" ")
    if not rest:
        return text[: len(text) // 2][:1] + _STAR * 2
    return (first if len(first) <= _half(text) else first[:1] + _STAR * 2) + " **"


def mask_phone(phone: str | None) -> str:
    """Return 138****5521; of any other number at most half of its digits, from the end."""
    text = _plain(phone)
    if not text:
        return NOTHING
    digits = "".join(ch for ch in text if ch.isalnum())
    for prefix in ("86", "0086"):
        if digits.startswith(prefix) and len(digits) == _MOBILE_DIGITS + len(prefix):
            digits = digits[len(prefix) :]
    if len(digits) == _MOBILE_DIGITS and digits.isdecimal() and digits.startswith("1"):
        return f"{digits[:3]}{_STAR * 4}{digits[-4:]}"
    return _ends(digits or text, 0, _ENDS, None)


def mask_id_no(number: str | None) -> str:
    """Return 3301**********123X; of a shorter document number at most half, from the end."""
    text = _plain(number).replace(" ", "")
    return _ends(text, _ENDS, _ENDS, None) if text else NOTHING


def mask_number(number: str | None, *, gap: str = " **** ") -> str:
    """Return 6217 **** 4471: how a card's number begins (its BIN) and the last four; of a short one at most half."""
    text = _plain(number).replace(" ", "")
    return _ends(text, _ENDS, _ENDS, gap) if text else NOTHING


def tail_of(number: str | None) -> str:
    """Return the last four characters, or as many as are at most half of the number."""
    text = _plain(number).replace(" ", "")
    return text[len(text) - min(_ENDS, len(text) // 2) :] if text else NOTHING


def _ends(text: str, head: int, tail: int, gap: str | None) -> str:
    """Return the ends of a text; where both would be more than half of it the last characters are kept first."""
    allowed = len(text) // 2
    tail = min(tail, allowed)
    head = min(head, allowed - tail)
    hidden = len(text) - head - tail
    between = _STAR * hidden if gap is None else gap
    return (text[:head] + between + text[len(text) - tail :]).strip()


def _half(text: str) -> int:
    return (len(text) + 1) // 2


def _plain(value: str | None) -> str:
    """Return the text without marks that steer a screen, its blanks made one."""
    text = unicodedata.normalize("NFKC", value or "")
    kept = "".join(" " if ch.isspace() else ch for ch in text if ch.isspace() or unicodedata.category(ch)[0] != "C")
    return " ".join(kept.split())


def _is_ideograph(ch: str) -> bool:
    return unicodedata.name(ch, "").startswith("CJK ")
