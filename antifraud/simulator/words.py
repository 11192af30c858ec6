"""How the simulated banks read the kinds of request of the bundled schemes, and in whose words they answer."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from importlib import resources

from antifraud.channel.wire import BankRequest
from antifraud.simulator.accounts import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One kind of request: what a bank does, for how long by itself, and its words for what came of it."""

    does: str
    term: timedelta | None = None
    tells_end: bool = True
    says: Mapping[str, str] = field(default_factory=dict)


def understood(request: BankRequest) -> BankRequest:
    """Return the request under the name of what the bank does."""
    return replace(request, kind=_word(request.kind).does)


def term_of(request: BankRequest, otherwise: timedelta) -> timedelta:
    """Return how long the bank holds money by itself after this kind of request."""
    return _word(request.kind).term or otherwise


def said(request: BankRequest, decision: Decision) -> Decision:
    """Return what came of a request in the words of its scheme."""
    word = _word(request.kind)
    ends_at = decision.ends_at if word.tells_end else None
    return replace(decision, outcome=word.says.get(decision.outcome, decision.outcome), ends_at=ends_at)


def _word(kind: str) -> Word:
    return _words().get(kind, Word(does=kind))


@cache
def _words() -> Mapping[str, Word]:
    text = resources.files("antifraud.simulator").joinpath("data", "words.toml").read_text("utf-8")
    return {
        kind: Word(
            does=entry["does"],
            term=timedelta(days=entry["term_days"]) if "term_days" in entry else None,
            tells_end=entry.get("tells_end", True),
            says=entry.get("says", {}),
        )
        for kind, entry in tomllib.loads(text).items()
    }
