"""Words of the room that belong to no row: the tabs, the reasons, and what became of a row that is gone."""

from collections.abc import Mapping
from uuid import UUID

from antifraud.auth.people import Person
from antifraud.cases.agenda import SCOPES
from antifraud.cases.beside import Ended
from antifraud.cases.worklist import SNOOZE_REASONS
from antifraud.console.frame.page import me
from antifraud.console.frame.texts import gettext as _
from antifraud.console.worklist.listing import Listing

ASSIGN = "task.assign"
"""The act of whoever sees what nobody took, and gives it to somebody."""


def tabs(found: Listing) -> list[tuple[str, int, str]]:
    """Return the scopes that this person sees, with their sizes and words."""
    mine, _late = found.counts.owned.get(me().id, (0, 0))
    words = {
        "mine": _("Mine"),
        "shift": _("Shift"),
        "approve": _("To approve"),
        "open": _("All open"),
        "unclaimed": _("Unclaimed"),
    }
    shown = [one for one in SCOPES if one != "unclaimed" or me().may(ASSIGN)]
    return [(one, mine if one == "mine" else found.counts.scopes[one], words[one]) for one in shown]


def reasons() -> list[tuple[str, str]]:
    """Return why a row may be put off, in words."""
    words = {
        "bank_called": _("bank called, answer promised"),
        "victim_unreachable": _("victim not reached"),
        "papers_under_way": _("papers under way"),
        "colleague_on_it": _("a colleague is on it"),
        "too_early": _("too early"),
    }
    return [(code, words[code]) for code in SNOOZE_REASONS]


def fate(one: Ended, people: Mapping[UUID, Person]) -> str:
    """Return what stands on a row that left the list."""
    _kind, _colon, login = (one.ended_by or "").partition(":")
    if one.state == "done":
        return _("done by %(who)s", who=login) if login else _("done")
    if one.state == "void":
        return _("no longer needed")
    owner = people.get(one.owner_id) if one.owner_id else None
    return _("now with %(who)s", who=owner.name) if owner else _("no longer in this list")
