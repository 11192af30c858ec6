"""What recorded cases would have been under another definition, in words: the sum, then the differences by case."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from antifraud.cases.histories import Compared
from antifraud.console.frame import shown, words
from antifraud.console.frame.texts import gettext as _
from workflows.simulating import Difference

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_SENT: Final = re.compile(r"(?P<kind>\w+) sent (?P<at>\S+?)(?:, answer due (?P<due>\S+))?")
_HOLD: Final = re.compile(r"(?P<state>\w+)(?:, ends (?P<at>\S+))?")
_REQUEST: Final = re.compile(r"(?P<role>\w+) (?P<number>\d+) of hold .*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One difference: what it is about, how it was, how it would have been."""

    what: str
    was: str
    would_be: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The differences of one procedure of one case."""

    no: str
    lines: tuple[Line, ...]


def cases_of(found: Sequence[Compared]) -> tuple[Case, ...]:
    """Return the cases that would have gone otherwise."""
    return tuple(
        Case(no=one.case_no, lines=tuple(line_of(difference) for difference in one.differences))
        for one in found
        if one.differences
    )


def line_of(one: Difference) -> Line:
    """Return a difference in the reader's words; ids of holds say nothing to people and are left out."""
    match one.what:
        case "request":
            return Line(what=_request(one.subject), was=_sent(one.was), would_be=_sent(one.would_be))
        case "hold":
            return Line(what=str(words.word("subject", "hold")), was=_hold(one.was), would_be=_hold(one.would_be))
        case "clock":
            what = _("fired: %(clock)s", clock=_word("clock", one.subject))
        case "task":
            what = _("opened: %(task)s", task=_word("task", one.subject))
        case "figure":
            what = figure(one.subject)
        case _:
            kind, _at, at = one.subject.partition(" at ")
            what = _("event %(kind)s, %(at)s", kind=kind, at=_with_instants(at))
            return Line(what=what, was=_("happened"), would_be=_with_instants(one.would_be))
    return Line(what=what, was=one.was, would_be=one.would_be)


def figure(name: str) -> str:
    """Return what a figure is called: what was measured, and how it went."""
    kind, _comma, verdict = name.partition(", ")
    return _("%(kind)s: %(verdict)s", kind=_word("clock", kind), verdict=_word("verdict", verdict))


def _request(subject: str) -> str:
    found = _REQUEST.fullmatch(subject)
    if found is None:
        return subject
    return _("%(kind)s, no. %(number)s", kind=_word("request_kind", found["role"]), number=found["number"])


def _sent(told: str) -> str:
    found = _SENT.fullmatch(told)
    if found is None:
        return _("not sent")
    kind, at = _word("request_kind", found["kind"]), _instant(found["at"])
    if found["due"] is None:
        return _("%(kind)s sent %(at)s", kind=kind, at=at)
    return _("%(kind)s sent %(at)s, answer due %(due)s", kind=kind, at=at, due=_instant(found["due"]))


def _hold(told: str) -> str:
    found = _HOLD.fullmatch(told)
    if found is None:
        return _("not claimed")
    state = _word("hold", found["state"])
    return state if found["at"] is None else _("%(state)s, ends %(at)s", state=state, at=_instant(found["at"]))


def _word(kind: str, code: str) -> str:
    return str(words.word(kind, code)) if words.has(kind, code) else code


def _instant(text: str) -> str:
    return shown.instant(datetime.fromisoformat(text))


def _with_instants(text: str) -> str:
    return _INSTANT.sub(lambda found: _instant(found[0]), text)
