"""One act on one or many tasks: each in a transaction of its own, each told in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from antifraud.cases.messages import Mail
from antifraud.cases.worklist import SnoozeRefused, TaskOver, TaskTaken
from antifraud.console.frame.page import Console, acting, by_script, me
from antifraud.console.frame.shown import instant
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext
from antifraud.foundation.problems import InvalidValue, NotFound, Problem
from antifraud.work import Work
from workflows import EventRefused

CONFLICT = 409
MOST_AT_ONCE = 60


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an act on one subject; `why` says in words why it was refused."""

    id: UUID
    why: str | None


def on_each(console: Console, subjects: Iterable[UUID], act: Callable[[Work, Mail, UUID], object]) -> list[Told]:
    """Do an act on every subject; one that is refused changes nothing and stops no other."""
    mail = console.mails[me().centre_id]
    told = []
    for subject in subjects:
        try:
            with acting(console) as work:
                act(work, mail, subject)
        except (Problem, EventRefused, LookupError) as refused:
            told.append(Told(subject, why_of(refused)))
        else:
            told.append(Told(subject, None))
    return told


def why_of(refused: Exception) -> str:
    """Return in the reader's language why an act was refused."""
    match refused:
        case TaskTaken():
            why = _("%(who)s has claimed it", who=refused.owner)
        case TaskOver():
            why = _("%(who)s has done it", who=refused.by) if refused.by else _("no longer needed")
        case SnoozeRefused():
            is_over = refused.latest is None
            why = _("it is overdue") if is_over else _("at most until %(at)s", at=instant(refused.latest))
        case EventRefused():
            why = _("not now: reminded a moment ago, answered, or not delivered yet")
        case NotFound() | LookupError():
            why = _("there is no such task")
        case _:
            why = _("not possible as asked")
    return str(why)


def answer(told: Sequence[Told], done: Callable[[int], str], **more: Any) -> AnyResponse:  # noqa: ANN401 - what a page needs to undo it
    """Answer a script with what became of each subject, and a form with the page it came from."""
    refused = [one for one in told if one.why is not None]
    number = len(told) - len(refused)
    text = done(number) if number else ""
    if refused:
        whys = "; ".join(dict.fromkeys(one.why for one in refused if one.why))
        left = ngettext("%(num)d not: %(why)s", "%(num)d not: %(why)s", len(refused), why=whys)
        text = f"{text} {left}".strip() if len(told) > 1 else whys
    if not by_script():
        flash(text)
        return redirect(local(request.form.get("next")))
    body = {
        "text": text,
        "done": [str(one.id) for one in told if one.why is None],
        "refused": [{"id": str(one.id), "why": one.why} for one in refused],
        **more,
    }
    response: Response = jsonify(body)
    response.status_code = CONFLICT if not number else response.status_code
    return response


def local(address: str | None) -> str:
    """Return an address of the list itself; anything else leads to its first page."""
    return address if address is not None and (address == "/" or address.startswith("/?")) else "/"


def ids(name: str) -> list[UUID]:
    """Return the ids that a form or an address names, each once.

    Raises:
        InvalidValue: There is none, there are too many, or one is no id.
    """
    try:
        found = [UUID(text) for text in dict.fromkeys(request.values.getlist(name))]
    except ValueError:
        raise InvalidValue("an id of a row is needed") from None
    if not 0 < len(found) <= MOST_AT_ONCE:
        raise InvalidValue(f"choose 1 to {MOST_AT_ONCE} rows")
    return found
