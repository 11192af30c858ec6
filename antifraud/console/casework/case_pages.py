"""`/cases/<no>`: the case, its parts for a page that is already open, its acts, and what is masked in the clear."""

import re
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.derivations import waits_of_case
from antifraud.cases.dossier import Dossier, lock_case, read_dossier
from antifraud.console.casework import chart, wording
from antifraud.console.casework.amending import BY_DOOR, read_door_act
from antifraud.console.casework.doing import VERBS, do, permission, read_act
from antifraud.console.casework.form import Form, NotPossible
from antifraud.console.casework.revealing import SHOWN_SECONDS, NothingToReveal, reveal
from antifraud.console.casework.view import STORY, missed, next_due, story_of, verified_by, view_of
from antifraud.console.frame.page import Console, acting, by_script, centre, me, needs, page, part
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.db import retrying
from antifraud.foundation.problems import Problem
from antifraud.intake.forgetting import UnknownReport
from antifraud.intake.queries import reports_of
from antifraud.intake.withdrawing import CannotWithdraw
from antifraud.work import Work
from workflows import EventRefused

_NUMBER: Final = re.compile(r"\d{4}-\d{6}-[0-9A-Z]", re.ASCII)
_MOST_FIELDS: Final = 20
LATEST: Final = 5
_CONFLICT, _UNPROCESSABLE = 409, 422


def register(room: Blueprint, console: Console) -> None:
    """Add the case's addresses to the room."""

    @room.get("/cases/<no>")
    @needs("case.see")
    def case(no: str) -> str:
        """Show a case."""
        with acting(console) as work:
            return _page(work, _dossier(work, no))

    @room.get("/cases/<no>/parts")
    @needs("case.see")
    def case_parts(no: str) -> str:
        """Return the parts of an open page as they are now."""
        with acting(console) as work:
            return part("casework/parts.html", **_values(work, _dossier(work, no)))

    @room.get("/cases/<no>/latest")
    @needs("case.see")
    def case_latest(no: str) -> str:
        """Return the last few entries of a case, for a list that shows it beside itself."""
        with acting(console) as work:
            dossier = _dossier(work, no)
            lines = story_of(work, dossier, which="all", below=None, limit=LATEST).lines
            return part("casework/latest.html", lines=lines, total=dossier.last_seq)

    @room.post("/cases/<no>/acts/<verb>")
    @needs("case.act")
    def case_act(no: str, verb: str) -> str | Response | tuple[str, int]:
        """Do one act in a case and come back to it."""
        form = Form(dict(list(request.form.items())[:_MOST_FIELDS]), centre().zone)
        if verb not in VERBS or not me().may(permission(verb, form)):
            raise NotFound
        if verb in BY_DOOR:
            return _act_by_door(console, no, verb, form)
        return retrying(partial(_act, console, no, verb))

    @room.post("/cases/<no>/reveal")
    @needs("data.reveal")
    def case_reveal(no: str) -> str | tuple[str, int]:
        """Show something masked in the clear for a minute, and write down who read it and why."""
        kind, reason = request.form.get("kind", ""), request.form.get("reason", "")
        with acting(console) as work:
            dossier = _dossier(work, no)
            values: dict[str, Any] = {"dossier": dossier, "kind": kind, "subject": request.form.get("subject", "")}
            values |= {"seconds": SHOWN_SECONDS, "reasons": wording.choices(wording.REVEAL_REASONS)}
            if reason not in wording.REVEAL_REASONS:
                return _revealed(values | {"errors": {"reason": _("choose why you need it")}}), _UNPROCESSABLE
            try:
                found = reveal(work, dossier, kind, UUID(values["subject"]), reason)
            except (NothingToReveal, ValueError):
                raise NotFound from None
            return _revealed(values | {"found": found, "errors": {}})


def _act(console: Console, no: str, verb: str) -> str | Response | tuple[str, int]:
    """Do one act in one transaction; what is refused leaves nothing behind and shows the case as it is now."""
    form = Form(dict(list(request.form.items())[:_MOST_FIELDS]), centre().zone)
    try:
        with acting(console) as work:
            _lock(work, no)
            dossier = read_dossier(work, no)
            act = read_act(verb, form, dossier, work)
            if act is not None:
                do(work, console.mails[me().centre_id], dossier, act)
    except NotPossible:
        return _conflict(console, no)
    except Problem:
        form.errors["form"] = _("this cannot be used as it is written")
    return _done(console, no, verb, form)


def _act_by_door(console: Console, no: str, verb: str, form: Form) -> str | Response | tuple[str, int]:
    """Do one act about a report of a case: the door opens its own transaction, and looks again at what is true."""
    try:
        with acting(console) as work:
            dossier = _dossier(work, no)
            reports = reports_of(work.connection, dossier.id)
            act = read_door_act(verb, form, dossier, reports, verified_by(work, dossier, me()))
        if act is not None:
            act(console.door, centre(), me().actor)
    except (NotPossible, EventRefused, UnknownReport):
        return _conflict(console, no)
    except CannotWithdraw:
        form.errors["form"] = _("nothing that this report told of is asked or held any more")
    except Problem:
        form.errors["form"] = _("this cannot be used as it is written")
    return _done(console, no, verb, form)


def _done(console: Console, no: str, verb: str, form: Form) -> str | Response | tuple[str, int]:
    if form.errors:
        with acting(console) as work:
            return _page(work, _dossier(work, no), form=form, verb=verb), _UNPROCESSABLE
    flash(_("Done."))
    return redirect(url_for("casework.case", no=no), 303)


def _conflict(console: Console, no: str) -> tuple[str, int]:
    with acting(console) as work:
        dossier = _dossier(work, no)
        return _page(work, dossier, conflict=True, changes=missed(work, dossier, seen_at(dossier))), _CONFLICT


def seen_at(dossier: Dossier) -> int:
    """Return up to which entry the sender of the form had seen the case."""
    seen = request.form.get("seen", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < len("1000000000") else dossier.last_seq


def _revealed(values: dict[str, Any]) -> str:
    if by_script():
        return part("casework/revealed.html", **values)
    no = values["dossier"].no
    return page("casework/reveal.html", room="casework", title=_("In the clear · %(no)s", no=no), **values)


def _page(work: Work, dossier: Dossier, **given: Any) -> str:  # noqa: ANN401 - what an act left to show
    values = _values(work, dossier, **given)
    view = values["view"]
    late = sum(row.is_open and row.request.late for row in view.requests)
    alert = _("%(count)s overdue", count=late) if late else None
    victim = dossier.victim
    title = " ".join(part for part in (dossier.no, victim.name if victim else "") if part)
    return page("casework/case.html", room="casework", title=title, alert=alert, **values)


def _values(work: Work, dossier: Dossier, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - what an act left to show
    which = request.args.get("story", "all")
    below = request.args.get("before", "")
    person = me()
    view = view_of(
        work,
        dossier,
        person,
        which=which if which in STORY else "all",
        below=int(below) if below.isascii() and below.isdigit() and len(below) < len("1000000000") else None,
    )
    return {
        "view": view,
        "dossier": dossier,
        "next_due": next_due(view.requests),
        "waits": waits_of_case(work.connection, dossier.id),
        "chart": view.chart,
        "segments": chart.segments,
        "share": chart.share,
        "wording": wording,
        "story_kinds": STORY,
        "may_act": person.may("case.act"),
        "may_approve": person.may("measure.approve"),
        "may_compare": person.may("scheme.compare"),
        "may_reveal": person.may("data.reveal"),
        "reveal_reasons": wording.choices(wording.REVEAL_REASONS),
        "form": None,
        "verb": "",
        "conflict": False,
        "changes": (),
    } | given


def _dossier(work: Work, no: str) -> Dossier:
    try:
        return read_dossier(work, _known(no))
    except CaseNotFound:
        raise NotFound from None


def _lock(work: Work, no: str) -> None:
    try:
        lock_case(work, _known(no))
    except CaseNotFound:
        raise NotFound from None


def _known(no: str) -> str:
    if not _NUMBER.fullmatch(no):
        raise NotFound
    return no
