"""Texts as they come from outside: what cannot be kept, and what a person typed with a wide keyboard."""

from __future__ import annotations

from typing import Final

_NARROW: Final = {0xFF01 + step: 0x21 + step for step in range(94)} | {0x3000: 0x20}


def unusable_text(text: str) -> str | None:
    """Return what is wrong with a text that no database can keep (NUL, half a surrogate pair), or None."""
    if "\x00" in text:
        return "holds the character U+0000: leave it out"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "holds half of a surrogate pair: send the whole character"
    return None


def narrow(text: str) -> str:
    """Return the text with full-width letters, digits and signs as ASCII, stripped.

    Not NFKC: that makes a digit of a superscript, so that ``5²`` would become 52.
    """
    return text.translate(_NARROW).strip()
