"""Drafts: what an operator types, kept on the server field by field, until it is sent as a report or discarded.

Promises: what was saved survives everything; two people never overwrite each
other silently; sending twice, by whomever, after whatever, makes one report.
A draft's fields lie under a data key of its own, which becomes the key of its
report: forgetting the report forgets the draft.

Sending takes three steps, each with a transaction of its own:

1. The report is made of the fields and frozen in the draft: from now on its
   bytes never change, so that a repetition is recognised as one.
2. The door takes it, under the draft's id as its key.
3. The draft keeps what was answered, and is sent.

Whoever finds a draft between the steps takes up where it stands.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update

from antifraud import changes
from antifraud.audit.service import Happening, append_to_area
from antifraud.foundation.json import canonical, loads
from antifraud.intake.drafting import PARTS, is_field, keepable, rows_filled
from antifraud.intake.models import drafts
from antifraud.vault.service import DataKey
from antifraud.work import Work

AREA: Final = "reports"
_MAX_BYTES: Final = 1_000_000


class DraftNotFound(LookupError):
    """The centre has no draft of that number."""


class NotTheEditor(Exception):
    """Somebody else edits the draft: take it over first; nothing was changed."""

    def __init__(self, editor_id: UUID) -> None:
        super().__init__("somebody else edits this draft")
        self.editor_id = editor_id


class DraftEnded(Exception):
    """The draft was sent or discarded, or is being sent: its facts stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A report on its way through the door: `part` is None for the first one, else what it completes."""

    key: str
    raw: bytes
    case_id: UUID | None
    part: str | None
    links: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One draft in the clear, for the length of a transaction.

    `marks` hold no personal data: per field the version, person and instant of
    its last change (`f`), when each fact was first had (`had`), when it was
    sent (`sent_at`) and with which parts (`with`), how many rows of transfers
    were told (`rows`), what was completed afterwards (`done`, `sent`).
    """

    id: UUID
    no: int
    state: str
    opened_by: UUID
    editor_id: UUID
    version: int
    values: Mapping[str, str]
    marks: Mapping[str, Any]
    opened_at: datetime
    changed_at: datetime
    report_id: UUID | None
    key: DataKey
    frozen: Frozen | None
    answer: Mapping[str, Any] | None

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was ever typed into it."""
        return not self.marks.get("f")

    @property
    def source_ref(self) -> str:
        """Return what the draft's report is called by its source."""
        return f"console-{self.no:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One open draft in a list: nothing of what was typed."""

    no: int
    editor_id: UUID
    opened_at: datetime
    changed_at: datetime
    is_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A field that somebody changed since the page saw it; nothing was overwritten."""

    field: str
    ours: str
    theirs: str
    by: UUID
    at: datetime


def open_draft(work: Work, person_id: UUID) -> Draft:
    """Return a fresh draft of the person; one of theirs that is still empty is taken again."""
    empty = work.connection.scalar(
        select(drafts.c.no)
        .where(
            drafts.c.state == "open",
            drafts.c.editor_id == person_id,
            drafts.c.opened_by == person_id,
            drafts.c.version == 1,
        )
        .order_by(drafts.c.opened_at)
        .with_for_update(skip_locked=True)
        .limit(1)
    )
    now = work.now()
    if empty is not None:
        work.connection.execute(update(drafts).where(drafts.c.no == empty).values(opened_at=now, changed_at=now))
        return draft(work, empty)
    key = work.vault.create(work.connection, work.centre_id, "report", work.new_id(), now)
    draft_id = work.new_id()
    no = int(work.connection.scalar(text("SELECT nextval('draft_no')")) or 0)
    work.connection.execute(
        insert(drafts).values(
            id=draft_id,
            centre_id=work.centre_id,
            no=no,
            state="open",
            opened_by=person_id,
            editor_id=person_id,
            key_id=key.id,
            fields_cipher=key.seal("drafts", "fields", draft_id, canonical({"values": {}})),
            version=1,
            marks={},
            opened_at=now,
            changed_at=now,
        )
    )
    _log(work, "DraftOpened", {"draft_id": str(draft_id)})
    return draft(work, no)


def draft(work: Work, no: int, *, lock: bool = False) -> Draft:
    """Return a draft, on demand under lock.

    Raises:
        DraftNotFound: There is none of that number, or what it said was forgotten.
    """
    wanted = select(drafts).where(drafts.c.no == no)
    row = work.connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    keys = work.vault.load(work.connection, [row.key_id]) if row else {}
    if row is None or row.key_id not in keys:
        raise DraftNotFound(f"there is no draft {no}")
    return _opened(row, keys[row.key_id])


def open_drafts(work: Work) -> list[Standing]:
    """Return the open drafts of the centre, the newest first."""
    rows = work.connection.execute(
        select(drafts.c.no, drafts.c.editor_id, drafts.c.opened_at, drafts.c.changed_at, drafts.c.version)
        .where(drafts.c.state == "open")
        .order_by(drafts.c.opened_at.desc())
        .limit(50)
    )
    return [
        Standing(
            no=row.no,
            editor_id=row.editor_id,
            opened_at=row.opened_at,
            changed_at=row.changed_at,
            is_empty=row.version == 1,
        )
        for row in rows
    ]


def save(
    work: Work,
    no: int,
    person_id: UUID,
    typed: Mapping[str, str],
    *,
    seen: int,
    only: Sequence[str] = (),
) -> tuple[Draft, list[Conflict]]:
    """Keep what was typed; a field that was changed since version ``seen`` is left, and both values are told.

    After sending only the fields in ``only`` can change: the facts of an order
    are corrected by a message, never by typing.

    Raises:
        DraftNotFound: There is none of that number.
        NotTheEditor: Somebody else took it over.
        DraftEnded: It was sent or discarded, and a field is not in ``only``.
    """
    found = draft(work, no, lock=True)
    wanted = {name: keepable(name, value) for name, value in typed.items() if is_field(name)}
    if found.state == "open" and found.editor_id != person_id:
        raise NotTheEditor(found.editor_id)
    changed = {name: value for name, value in wanted.items() if found.values.get(name, "") != value}
    if not changed:
        return found, []
    if found.frozen is not None or (found.state != "open" and any(name not in only for name in changed)):
        raise DraftEnded("its facts stand")
    stamps = dict(found.marks.get("f", {}))
    conflicts = [
        Conflict(
            field=name,
            ours=value,
            theirs=found.values.get(name, ""),
            by=UUID(stamps[name][1]),
            at=datetime.fromisoformat(stamps[name][2]),
        )
        for name, value in changed.items()
        if name in stamps and stamps[name][0] > seen
    ]
    kept = {name: value for name, value in changed.items() if name not in {one.field for one in conflicts}}
    if not kept:
        return found, conflicts
    version, now = found.version + 1, work.now().isoformat()
    had = dict(found.marks.get("had", {}))
    for name, value in kept.items():
        stamps[name] = [version, str(person_id), now]
        if value.strip():
            had.setdefault(name, now)
        else:
            had.pop(name, None)
    _write(
        work, found, values={**found.values, **kept}, version=version, marks={**found.marks, "f": stamps, "had": had}
    )
    return draft(work, no), conflicts


def take_over(work: Work, no: int, person_id: UUID) -> Draft:
    """Let the person edit the draft instead of whoever did."""
    found = draft(work, no, lock=True)
    if found.state == "open" and found.editor_id != person_id:
        work.connection.execute(
            update(drafts).where(drafts.c.id == found.id).values(editor_id=person_id, changed_at=work.now())
        )
        payload = {"draft_id": str(found.id), "from": str(found.editor_id), "to": str(person_id)}
        _log(work, "DraftTakenOver", payload)
        changes.tell(work, "draft", [found.id])
    return draft(work, no)


def discard(work: Work, no: int, person_id: UUID) -> None:
    """End a draft without a report, and forget what it said for good.

    Raises:
        NotTheEditor: Somebody else edits it.
        DraftEnded: It was sent, or is on its way.
    """
    found = draft(work, no, lock=True)
    if found.state == "open" and found.editor_id != person_id:
        raise NotTheEditor(found.editor_id)
    if found.state != "open" or found.frozen is not None:
        raise DraftEnded("it was sent")
    work.connection.execute(
        update(drafts)
        .where(drafts.c.id == found.id)
        .values(state="discarded", ended_at=work.now(), changed_at=work.now(), marks={})
    )
    work.vault.destroy(work.connection, found.key.id, work.now())
    _log(work, "DraftDiscarded", {"draft_id": str(found.id)})
    changes.tell(work, "draft", [found.id])


def freeze(work: Work, found: Draft, frozen: Frozen) -> None:
    """Keep the report that is about to go through the door; ``found`` is held under lock."""
    _write(work, found, frozen=frozen)


def thaw(work: Work, no: int) -> None:
    """Let a draft be changed again whose report was refused."""
    found = draft(work, no, lock=True)
    if found.frozen is not None:
        _write(work, found, frozen=None)


def settle(work: Work, no: int, key: str, answer: Mapping[str, Any]) -> Draft:
    """Keep what was answered to the draft's report, or to the part that completed it; once."""
    found = draft(work, no, lock=True)
    frozen = found.frozen
    if frozen is None or frozen.key != key:
        return found
    now = work.now()
    report_id = UUID(answer["report"]["id"])
    if frozen.part is None:
        told = [part for part, names in PARTS.items() if any(found.values.get(name, "").strip() for name in names)]
        marks = {**found.marks, "rows": rows_filled(found.values), "with": told, "sent_at": now.isoformat()}
        _write(work, found, frozen=None, answer=answer, state="sent", ended_at=now, report_id=report_id, marks=marks)
        _log(work, "DraftSent", {"draft_id": str(found.id), "report_id": str(report_id)})
    else:
        done = {**found.marks.get("done", {}), frozen.part: now.isoformat()}
        marks = {
            **found.marks,
            "done": done,
            "sent": [*found.marks.get("sent", []), frozen.part],
            "rows": rows_filled(found.values) if frozen.part == "transfers" else found.marks.get("rows", 1),
        }
        _write(work, found, frozen=None, marks=marks)
        _log(work, "DraftCompleted", {"draft_id": str(found.id), "report_id": str(report_id), "part": frozen.part})
    return draft(work, no)


_SAME: Final = object()


def _write(
    work: Work,
    found: Draft,
    *,
    values: Mapping[str, str] | None = None,
    frozen: object = _SAME,
    answer: Mapping[str, Any] | None = None,
    **columns: Any,  # noqa: ANN401 -- columns of the row
) -> None:
    now_frozen = found.frozen if frozen is _SAME else frozen
    content: dict[str, Any] = {"values": dict(found.values if values is None else values)}
    if isinstance(now_frozen, Frozen):
        content["frozen"] = {
            "key": now_frozen.key,
            "raw": now_frozen.raw.decode(),
            "case_id": str(now_frozen.case_id) if now_frozen.case_id else None,
            "part": now_frozen.part,
            "links": [str(one) for one in now_frozen.links],
        }
    told = answer if answer is not None else found.answer
    if told is not None:
        content["answer"] = dict(told)
    cipher = found.key.seal("drafts", "fields", found.id, json.dumps(content).encode())
    work.connection.execute(
        update(drafts)
        .where(drafts.c.id == found.id)
        .values({"fields_cipher": cipher, "changed_at": work.now(), "version": found.version + 1, **columns})
    )
    changes.tell(work, "draft", [found.id])


def _opened(row: Row[*tuple[Any, ...]], key: DataKey) -> Draft:
    content = loads(key.open("drafts", "fields", row.id, bytes(row.fields_cipher)), max_bytes=_MAX_BYTES)
    if not isinstance(content, dict):
        raise TypeError("a draft's fields are an object")
    frozen = content.get("frozen")
    return Draft(
        id=row.id,
        no=row.no,
        state=row.state,
        opened_by=row.opened_by,
        editor_id=row.editor_id,
        version=row.version,
        values=content["values"],
        marks=row.marks,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        report_id=row.report_id,
        key=key,
        frozen=Frozen(
            key=frozen["key"],
            raw=frozen["raw"].encode(),
            case_id=UUID(frozen["case_id"]) if frozen["case_id"] else None,
            part=frozen["part"],
            links=tuple(UUID(one) for one in frozen["links"]),
        )
        if frozen
        else None,
        answer=content.get("answer"),
    )


def _log(work: Work, kind: str, payload: dict[str, Any]) -> None:
    append_to_area(work, AREA, [Happening(id=work.new_id(), at=work.now(), kind=kind, payload=payload)])
