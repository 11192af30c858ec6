"""`/approvals`: what waits for a second person, and the one card on which it is decided."""

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from antifraud.cases.decisions import case_of_approval, waiting_decisions
from antifraud.cases.dossier import lock_case, read_dossier
from antifraud.console.casework import wording
from antifraud.console.casework.approving import bars, card_of, is_own
from antifraud.console.casework.doing import do, read_decision
from antifraud.console.casework.form import Form, NotPossible
from antifraud.console.frame.page import Console, acting, centre, me, needs, page
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.db import retrying
from antifraud.foundation.problems import Problem
from antifraud.work import Work

_CONFLICT, _FORBIDDEN_TO_ME, _UNPROCESSABLE = 409, 403, 422


def register(room: Blueprint, console: Console) -> None:
    """Add the decisions to the room."""

    @room.get("/approvals")
    @needs("measure.approve")
    def approvals() -> str:
        """Show what waits, and the first of it as a card."""
        with acting(console) as work:
            return _page(work, None)

    @room.get("/approvals/<uuid:approval_id>")
    @needs("measure.approve")
    def approval(approval_id: UUID) -> str | tuple[str, int]:
        """Show one decision; one that is over says so."""
        with acting(console) as work:
            if case_of_approval(work, approval_id) is None:
                raise NotFound
            return _page(work, approval_id)

    @room.post("/approvals/<uuid:approval_id>")
    @needs("measure.approve")
    def decide(approval_id: UUID) -> str | Response | tuple[str, int]:
        """Approve or refuse, as another person than who asked."""
        return retrying(partial(_decide, console, approval_id))


def _decide(console: Console, approval_id: UUID) -> str | Response | tuple[str, int]:
    form = Form(dict(list(request.form.items())[:20]), centre().zone)
    try:
        with acting(console) as work:
            number = case_of_approval(work, approval_id)
            if number is None:
                raise NotFound
            lock_case(work, number)
            dossier = read_dossier(work, number)
            waiting = dossier.waiting.get(approval_id)
            if waiting is not None and is_own(work, waiting.asked_by, me()):
                form.errors["form"] = bars(work, waiting, me())
                return _page(work, approval_id, form=form), _FORBIDDEN_TO_ME
            act = read_decision(form, dossier, approval_id)
            if act is not None:
                do(work, console.mails[me().centre_id], dossier, act)
    except NotPossible:
        with acting(console) as work:
            return _page(work, approval_id, conflict=True), _CONFLICT
    except Problem:
        form.errors["form"] = _("This cannot be done as the case stands now: refuse it, or decide later.")
    if form.errors:
        with acting(console) as work:
            return _page(work, approval_id, form=form), _UNPROCESSABLE
    flash(_("Approved.") if form.text("decision") == "approve" else _("Refused."))
    return redirect(url_for("casework.approvals"), 303)


def _page(work: Work, approval_id: UUID | None, **given: Any) -> str:  # noqa: ANN401 - what a decision left to show
    decisions = waiting_decisions(work)
    chosen = next((one for one in decisions if one.approval.id == approval_id), None)
    if approval_id is None and decisions:
        chosen = decisions[0]
    card, dossier, over = None, None, None
    if chosen is not None:
        dossier = read_dossier(work, chosen.case_no)
        card = card_of(work, dossier, dossier.waiting[chosen.approval.id], me())
    elif approval_id is not None:
        number = case_of_approval(work, approval_id) or ""
        dossier = read_dossier(work, number)
        over = next((row for row in dossier.approvals if row.id == approval_id), None)
    values: dict[str, Any] = {
        "decisions": decisions,
        "card": card,
        "dossier": dossier,
        "over": over,
        "wording": wording,
        "refuse_reasons": wording.choices(wording.REFUSE_REASONS),
        "form": None,
        "conflict": False,
    }
    return page("casework/approvals.html", room="approvals", title=_("Approvals"), **(values | given))
