"""`/cases/<no>/move`: an open case to another version of its scheme, told before it is asked."""

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from antifraud.cases import migrating
from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.dossier import Dossier, read_dossier
from antifraud.cases.possible import possible
from antifraud.console.casework import wording
from antifraud.console.casework.moving import Told, told
from antifraud.console.frame.page import Console, acting, me, needs, page
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.db import retrying
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows import EventRefused
from workflows.engine.migrating import MIGRATE

_CONFLICT, _UNPROCESSABLE = 409, 422


def register(room: Blueprint, console: Console) -> None:
    """Add the page to the room."""

    @room.get("/cases/<no>/move")
    @needs("scheme.move")
    def case_move(no: str) -> str:
        """Show the stored versions, and of the chosen one what would change."""
        with acting(console) as work:
            return _page(work, _dossier(work, no), request.args.get("to", ""))

    @room.post("/cases/<no>/move")
    @needs("scheme.move")
    def ask_case_move(no: str) -> str | Response | tuple[str, int]:
        """Ask another person to move the case."""
        return retrying(partial(_ask, console, no))


def _ask(console: Console, no: str) -> str | Response | tuple[str, int]:
    to = request.form.get("to", "")
    try:
        with acting(console) as work:
            dossier = _dossier(work, no)
            if dossier.version(to) is None:
                raise NotFound
            migrating.ask(work, console.mails[me().centre_id], dossier.id, to)
    except EventRefused:
        return _again(console, no, to, conflict=True), _CONFLICT
    except InvalidValue:
        return _again(console, no, to), _UNPROCESSABLE
    flash(_("Asked. Another supervisor decides."))
    return redirect(url_for("casework.case", no=no), 303)


def _again(console: Console, no: str, to: str, *, conflict: bool = False) -> str:
    with acting(console) as work:
        return _page(work, _dossier(work, no), to, conflict=conflict)


def _page(work: Work, dossier: Dossier, to: str, *, conflict: bool = False) -> str:
    can = possible(dossier, me().actor, work.now())
    versions = [one for one in dossier.versions if one.content_hash in can.versions]
    plans: tuple[Told, ...] = ()
    if dossier.version(to) is not None:
        found = migrating.preview(work, dossier.id, to)
        plans = tuple(told(dossier, procedure_id, one) for procedure_id, one in found.items())
    values: dict[str, Any] = {"dossier": dossier, "versions": versions, "to": to, "plans": plans, "conflict": conflict}
    values["is_clear"] = to in can.versions and bool(plans) and not any(one.obstacles for one in plans)
    values["waits"] = any(one.act == MIGRATE for one in dossier.waiting.values())
    values["names"] = {one.content_hash: one.name for one in dossier.versions}
    title = _("Another version · %(no)s", no=dossier.no)
    return page("casework/move.html", room="casework", title=title, wording=wording, **values)


def _dossier(work: Work, no: str) -> Dossier:
    try:
        return read_dossier(work, no)
    except CaseNotFound:
        raise NotFound from None
