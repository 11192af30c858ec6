"""`/reports/new`: take a report, save it field by field, send it, complete it.

Every act is a plain form, so that the page works without a script; with one,
the same acts answer with the parts of the page that changed.
"""

import time
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from antifraud.auth.people import people_by_id
from antifraud.banks.directory import BankChoice, choices
from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.likeness import Found, Probe, likeness
from antifraud.cases.pace import Pace, pace
from antifraud.cases.views import CaseView, case_view
from antifraud.console.frame.page import Console, acting, by_script, centre, me, needs, page, part
from antifraud.console.reporting import phrases
from antifraud.console.reporting.phrases import translated as _
from antifraud.console.reporting.sheet import Sheet
from antifraud.foundation.problems import KeyInProgress, Problem
from antifraud.intake import drafts, typed
from antifraud.intake.drafting import MAX_TRANSFERS, PARTS, TRANSFER_FIELDS, Understood, is_field, understand
from antifraud.intake.drafts import Conflict, Draft, DraftEnded, DraftNotFound, NotTheEditor
from antifraud.intake.pasted import read_paste
from antifraud.intake.rules import normalise_phone
from antifraud.intake.schemas import FRAUD_TYPES
from antifraud.intake.sending import Clerk, NothingToTell, NotReady
from antifraud.work import Work

FRAGMENTS: Final = (
    "race", "draftstate", "summary", "marks", "conflicts", "sendbar", "dups", "questions", "readback", "strip",
)  # fmt: skip
LATER: Final = frozenset((*(name for names in PARTS.values() for name in names), "paste"))
_TRIES: Final = 40
_PAUSE_SECONDS: Final = 0.05
_PACE_KEPT_SECONDS: Final = 60


class Room:
    """The room on its console: reads what a page shows, and does what a form asks."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._paces: dict[tuple[UUID, str], tuple[float, Pace]] = {}

    # -- reading

    def sheet(
        self, work: Work, found: Draft, *, conflicts: tuple[Conflict, ...] = (), refused: str | None = None
    ) -> Sheet:
        """Return the draft as its page shows it."""
        where, person = centre(), me()
        known = choices(work.connection)
        first = int(found.marks.get("rows", 1)) + 1 if found.state == "sent" else 1
        read = partial(understand, found.values, known, now=work.now(), zone=where.zone)
        understood = read()
        rest = read(first=first) if first > 1 else understood
        people = people_by_id(work.connection, {found.editor_id, found.opened_by, *(one.by for one in conflicts)})
        bank = understood.transfers[0].bank
        return Sheet(
            draft=found,
            centre=where,
            me=person,
            editor=people.get(found.editor_id),
            now=work.now(),
            banks=known,
            understood=understood if first == 1 else _joined(understood, rest),
            found=self._likeness(found, understood),
            pace=self._pace(work, bank) if bank else None,
            case=_case_of(work, found),
            conflicts=conflicts,
            people=people,
            rows_wanted=min(MAX_TRANSFERS, request.args.get("rows", 1, type=int)),
            refused=refused,
        )

    def _likeness(self, found: Draft, understood: Understood) -> Found | None:
        """Look for what is alike, in a transaction of its own: it may run out of time."""
        if found.state == "sent":
            return None
        row, values = understood.transfers[0], found.values
        phones = {
            normalise_phone(values[name]) for name in ("victim_phone", "reporter_phone") if values.get(name, "").strip()
        }
        document = values.get("victim_id_no", "").strip().upper().replace(" ", "")
        payer = understood.payer_account
        probe = Probe(
            payee=row.account.number if row.account else None,
            payer=payer.number if payer else None,
            phones=tuple(sorted(phones)),
            documents=(document,) if document else (),
            amount_minor=row.amount_minor,
            asset=centre().currency,
            paid_earliest=row.at.bounds.earliest if row.at and row.at.bounds.is_exact() else None,
            paid_latest=row.at.bounds.latest if row.at and row.at.bounds.is_exact() else None,
        )
        if not probe.asked():
            return None
        with acting(self.console) as work:
            return likeness(work, probe)

    def _pace(self, work: Work, bank: BankChoice) -> Pace:
        """Return how fast a bank is, read at most once a minute."""
        key, now = (work.centre_id, bank.code), time.monotonic()
        kept = self._paces.get(key)
        if kept is None or now - kept[0] > _PACE_KEPT_SECONDS:
            kept = self._paces[key] = (now, pace(work.connection, bank.code, work.now()))
        return kept[1]

    def draft(self, work: Work, no: int) -> Draft:
        """Return a draft of my centre; an unknown one is no page."""
        try:
            return drafts.draft(work, no)
        except DraftNotFound:
            raise NotFound from None

    # -- acting

    def clerk(self) -> Clerk:
        """Return who sends in my name."""
        return Clerk(self.console.door, centre(), me())

    def save(self, no: int, fields: Mapping[str, str], seen: int) -> tuple[Draft, tuple[Conflict, ...]]:
        """Keep what was typed; times are kept as instants of the wall clock, and a paste fills what is empty."""
        with acting(self.console) as work:
            before = self.draft(work, no)
            wanted = _settled(work, before, fields, centre().zone)
            only = (*LATER, *_rows_after(int(before.marks.get("rows", 1)))) if before.state == "sent" else ()
            if before.state == "sent":
                wanted = {name: value for name, value in wanted.items() if name in only}
            found, conflicts = drafts.save(work, no, me().id, wanted, seen=seen, only=only)
            return found, tuple(conflicts)

    def send(self, no: int) -> Draft:
        """Send, waiting for whoever sends the same draft at this moment."""
        for _try in range(_TRIES):
            try:
                return self.clerk().send(no)
            except KeyInProgress:
                time.sleep(_PAUSE_SECONDS)
        return self.clerk().send(no)


def blueprint(console: Console) -> Blueprint:
    """Return the room."""
    room = Room(console)
    routes = Blueprint("reporting", __name__)

    @routes.get("/reports/new")
    @needs("report.take")
    def new() -> str | Response:
        """Offer my open drafts first; where there is none, begin one. ``all`` shows those of the others too."""
        with acting(console) as work:
            waiting = [one for one in drafts.open_drafts(work) if not one.is_empty]
            if request.args.get("all") is None:
                waiting = [one for one in waiting if one.editor_id == me().id]
            if waiting:
                waiting.sort(key=lambda one: one.editor_id != me().id)
                people = people_by_id(work.connection, {one.editor_id for one in waiting})
                return page(
                    "reporting/choose.html",
                    room="reporting",
                    title=_("New report"),
                    waiting=waiting,
                    people=people,
                    mine=me().id,
                )
            begun = drafts.open_draft(work, me().id)
        return redirect(url_for("reporting.draft", no=begun.no))

    @routes.post("/reports/new")
    @needs("report.take")
    def begin() -> Response:
        """Begin another draft."""
        with acting(console) as work:
            begun = drafts.open_draft(work, me().id)
        return redirect(url_for("reporting.draft", no=begun.no))

    @routes.get("/reports/new/<int:no>")
    @needs("report.take")
    def draft(no: int) -> str:
        """Show one draft."""
        with acting(console) as work:
            return _page(room.sheet(work, room.draft(work, no)))

    @routes.post("/reports/new/<int:no>")
    @needs("report.take")
    def act(no: int) -> Any:  # noqa: ANN401 -- a page, parts of one, or the way to another
        """Keep what stands in the form, and do what its button says."""
        return _act(room, no)

    return routes


def _act(room: Room, no: int) -> Any:  # noqa: ANN401 -- a page, parts of one, or the way to another
    verb, _sep, argument = request.form.get("do", "save").partition(":")
    status, conflicts, refused = _tried(room, no, verb, argument)
    if status == HTTPStatus.OK and verb == "discard":
        return _gone(url_for("reporting.new"))
    with acting(room.console) as work:
        sheet = room.sheet(work, room.draft(work, no), conflicts=conflicts, refused=refused)
        if by_script():
            return _parts(sheet, status, verb), status
        if status != HTTPStatus.OK:
            return _page(sheet), status
    if verb == "leave":
        return redirect("/")
    if verb == "add":
        return redirect(url_for("reporting.draft", no=no, rows=max(sheet.rows, default=1) + 1))
    if verb == "complete":
        flash(_("Told to the case"), "done")
    return redirect(url_for("reporting.draft", no=no))


def _tried(room: Room, no: int, verb: str, argument: str) -> tuple[HTTPStatus, tuple[Conflict, ...], str | None]:
    """Do what the form asks; return how it went, whose values stand against each other, and why it was refused."""
    try:
        conflicts = _do(room, no, verb, argument)
    except (NotTheEditor, DraftEnded):
        return HTTPStatus.CONFLICT, (), None
    except NotReady:
        return HTTPStatus.UNPROCESSABLE_ENTITY, (), None
    except NothingToTell:
        return HTTPStatus.UNPROCESSABLE_ENTITY, (), _("Nothing was typed there yet")
    except KeyInProgress:
        return HTTPStatus.SERVICE_UNAVAILABLE, (), _("It is being sent at this moment: look again in a second")
    except Problem:
        refused = _("The report could not be taken: look at the fields once more")
        return HTTPStatus.UNPROCESSABLE_ENTITY, (), refused
    return (HTTPStatus.CONFLICT if conflicts else HTTPStatus.OK), conflicts, None


def _do(room: Room, no: int, verb: str, argument: str) -> tuple[Conflict, ...]:
    form = request.form
    with acting(room.console) as work:
        before = room.draft(work, no)
        if verb == "take":
            drafts.take_over(work, no, me().id)
    if verb == "look":
        return ()
    # What is on its way, or went, is only sent again: its facts stand.
    if not (verb == "send" and (before.frozen is not None or before.state == "sent")):
        fields = {name: value for name, value in form.items() if is_field(name)}
        fields = _with_choice(before, fields, verb, argument)
        _found, conflicts = room.save(no, fields, form.get("seen", 0, type=int))
        if conflicts:
            return conflicts
    match verb:
        case "send":
            room.send(no)
        case "complete" if argument in PARTS:
            room.clerk().complete(no, argument)
        case "discard":
            with acting(room.console) as work:
                drafts.discard(work, no, me().id)
        case _other:
            pass
    return ()


def _gone(address: str) -> Any:  # noqa: ANN401 -- for a script or a browser
    return {"location": address} if by_script() else redirect(address)


def _page(sheet: Sheet) -> str:
    return page(
        "reporting/new.html",
        room="reporting",
        title=_("Report sent") if sheet.is_sent else _("New report"),
        alert=_alert(sheet),
        sheet=sheet,
        fraud_types=sorted(FRAUD_TYPES),
        phrases=phrases,
        max_rows=MAX_TRANSFERS,
    )


def _alert(sheet: Sheet) -> str | None:
    """Return how many fields must be mended, for the title of the tab."""
    count = len(sheet.errors)
    return _("%(count)s to mend", count=count) if count else None


def _parts(sheet: Sheet, status: HTTPStatus, verb: str) -> dict[str, Any]:
    """Return what changed on the page, for its script."""
    names = [*TRANSFER_FIELDS, "payer_bank", "payer_account"]
    names += [f"{name}_{row}" for row in sheet.rows for name in TRANSFER_FIELDS if name not in {"name", "reference"}]
    missing = sheet.missing
    return {
        "version": sheet.draft.version,
        "state": sheet.draft.state,
        "mine": sheet.is_mine,
        "status": int(status),
        "focus": f"f-{missing[0][0]}" if missing else next(iter(sheet.errors), None),
        "location": _next_page(sheet, verb) if status == HTTPStatus.OK else None,
        "values": dict(sheet.draft.values),
        "shown": {name: sheet.shown(name) for name in names},
        "fields": {
            name: part("reporting/parts/field.html", sheet=sheet, name=name) for name in names if name != "reference"
        },
        "needs_bank": {row: sheet.needs_bank(row) for row in (1, *sheet.rows)},
        "parts": {name: part(f"reporting/parts/{name}.html", sheet=sheet, phrases=phrases) for name in FRAGMENTS},
        "states": {name: part("reporting/parts/state.html", sheet=sheet, name=name) for name in PARTS},
        "matches": [one.case_no for one in sheet.matches],
    }


def _next_page(sheet: Sheet, verb: str) -> str | None:
    """Return where the page goes once its report, or a part of it, was told."""
    return url_for("reporting.draft", no=sheet.draft.no) if verb in {"send", "complete"} and sheet.is_sent else None


def _with_choice(found: Draft, fields: dict[str, str], verb: str, argument: str) -> dict[str, str]:
    """Return the fields with what was chosen of a likeness: merge into it, link it, or put it aside."""
    if verb == "merge":
        return {**fields, "merge": argument}
    if verb == "unmerge":
        return {**fields, "merge": ""}
    if verb in {"link", "different"}:
        chosen = dict.fromkeys([*found.values.get(verb, "").split(), argument])
        return {**fields, verb: " ".join(chosen)}
    if verb == "pick":
        name, _sep, code = argument.partition(":")
        return {**fields, name: code}
    return fields


def _settled(work: Work, before: Draft, fields: Mapping[str, str], zone: str) -> dict[str, str]:
    """Return what is to be kept: a paste fills what is empty or came from it; 刚刚 becomes the minute that it means."""
    wanted = dict(fields)
    pasted = wanted.get("paste")
    if pasted is not None and pasted != before.values.get("paste", ""):
        old = read_paste(before.values.get("paste", "")).values
        found = read_paste(pasted)
        for name, value in {} if found.is_incoming else found.values.items():
            now_there = wanted.get(name, before.values.get(name, "")).strip()
            if not now_there or now_there == before.values.get(name, "") == _as_kept(
                work, name, old.get(name, ""), zone
            ):
                wanted[name] = value
    return {name: _as_kept(work, name, value, zone) for name, value in wanted.items()}


def _as_kept(work: Work, name: str, value: str, zone: str) -> str:
    if phrases.base_of(name)[0] != "time" or not value.strip():
        return value
    try:
        return typed.shown(typed.moment(value, work.now(), zone).bounds, work.now())
    except typed.Unclear:
        return value


def _rows_after(row: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(row + 1, MAX_TRANSFERS + 1) for name in TRANSFER_FIELDS)


def _joined(told: Understood, rest: Understood) -> Understood:
    """Return a sent draft's first row with what is typed of further ones: only these can lack anything."""
    return Understood(
        transfers=(told.transfers[0], *rest.transfers),
        payer_bank=told.payer_bank,
        payer_account=told.payer_account,
        errors={name: code for name, code in rest.errors.items() if phrases.base_of(name)[1] > 1},
        candidates=rest.candidates,
        missing=rest.missing if not rest.transfers[0].is_empty else (),
        from_payer=told.from_payer,
    )


def _case_of(work: Work, found: Draft) -> CaseView | None:
    told = (found.answer or {}).get("case")
    if not told:
        return None
    try:
        return case_view(work, UUID(told["id"]))
    except CaseNotFound:
        return None
