"""Masked data in the clear, for a minute: with a reason, and each time an entry in the log of reads.

What is read is decided by the case: nothing of another case can be read
through it. The entry names ids and the reason, never what was read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from antifraud.audit.queries import REVEALED
from antifraud.audit.service import Happening, append_to_area
from antifraud.cases.accounts import cards_of
from antifraud.cases.dossier import Dossier
from antifraud.cases.models import cases, leads, parties
from antifraud.channel.models import replies
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.json import loads
from antifraud.foundation.problems import Problem
from antifraud.outbox.models import outbox
from antifraud.work import Work

SHOWN_SECONDS: Final = 60
_MAX_BYTES: Final = 2_000_000
_MAX_DEPTH: Final = 6


class NothingToReveal(LookupError):
    """The case has nothing of that kind and id, or it was forgotten on purpose."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """What was read: names of fields and their values, in order."""

    title: str
    fields: tuple[tuple[str, str], ...]


def reveal(work: Work, dossier: Dossier, kind: str, subject_id: UUID, reason: str) -> Revealed:
    """Return something of a case in the clear, and write down who read it and why.

    Raises:
        NothingToReveal: See there; nothing is written then.
    """
    read = _KINDS.get(kind)
    found = read(work, dossier, subject_id) if read else None
    if found is None or not found.fields:
        message = f"case {dossier.no} has no {kind} {subject_id}"
        raise NothingToReveal(message)
    payload = {"case_id": str(dossier.id), "kind": kind, "subject_id": str(subject_id), "reason": reason}
    append_to_area(work, "reads", [Happening(id=work.new_id(), at=work.now(), kind=REVEALED, payload=payload)])
    return found


def _party(work: Work, dossier: Dossier, subject_id: UUID) -> Revealed | None:
    row = work.connection.execute(
        select(parties).where(parties.c.id == subject_id, parties.c.case_id == dossier.id)
    ).one_or_none()
    plain = _opened(work, row, "parties", "facts", row.facts_cipher) if row else None
    if plain is None:
        return None
    facts = {name: value for name, value in _object(plain).items() if name != "role"}
    return Revealed(_("Person"), _named(_flat(facts)))


def _account(work: Work, dossier: Dossier, subject_id: UUID) -> Revealed | None:
    if subject_id not in dossier.accounts or not dossier.accounts[subject_id].whole:
        return None
    card = cards_of(work, [subject_id]).get(subject_id)
    if card is None:
        return None
    fields = {"number": card.number, "sub_ref": card.sub_ref, "holder": card.holder, "kind": card.kind}
    return Revealed(_("Account"), _named(_flat(fields)))


def _lead(work: Work, dossier: Dossier, subject_id: UUID) -> Revealed | None:
    row = work.connection.execute(
        select(leads).where(leads.c.id == subject_id, leads.c.case_id == dossier.id)
    ).one_or_none()
    plain = _opened(work, row, "leads", "facts", row.facts_cipher) if row else None
    return None if plain is None else Revealed(_("Lead"), _named(_flat(_object(plain))))


def _authority(work: Work, dossier: Dossier, subject_id: UUID) -> Revealed | None:
    if subject_id != dossier.id:
        return None
    row = work.connection.execute(
        select(cases.c.id, cases.c.key_id, cases.c.authority_cipher).where(cases.c.id == dossier.id)
    ).one()
    plain = _opened(work, row, "cases", "authority", row.authority_cipher) if row.authority_cipher else None
    return None if plain is None else Revealed(_("Authority of the request"), _named(_flat(_object(plain))))


def _message(work: Work, dossier: Dossier, subject_id: UUID) -> Revealed | None:
    row = work.connection.execute(
        select(outbox).where(outbox.c.id == subject_id, outbox.c.case_id == dossier.id)
    ).one_or_none()
    plain = _opened(work, row, "outbox", "body", row.body_cipher) if row else None
    return None if plain is None else Revealed(_("Message to the bank"), _flat(_object(plain)))


def _reply(work: Work, dossier: Dossier, subject_id: UUID) -> Revealed | None:
    row = work.connection.execute(
        select(replies).where(replies.c.id == subject_id, replies.c.request_id.in_(list(dossier.requests)))
    ).one_or_none()
    plain = _opened(work, row, "replies", "raw", row.raw_cipher) if row else None
    if plain is None:
        return None
    try:
        return Revealed(_("Message of the bank"), _flat(_object(plain)))
    except Problem:
        # Set aside because it is no JSON: shown as it came, as far as it is text.
        return Revealed(_("Message of the bank"), (("bytes", plain.decode("utf-8", "replace")),))


def _named(fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return fields under the words that people know them by; the others keep the name that they were sent under."""
    known = {
        "name": _("Name"),
        "phone": _("Telephone"),
        "id_type": _("Kind of document"),
        "id_no": _("Number of the document"),
        "relation": _("Relation to the victim"),
        "number": _("Account number"),
        "masked": _("Account number"),
        "sub_ref": _("Sub-account"),
        "holder": _("Holder"),
        "institution": _("Bank"),
        "kind": _("Kind"),
        "scheme": _("Kind of number"),
        "officer": _("Officer"),
        "basis": _("Legal basis"),
    }
    return tuple(
        (known.get(name, _("Paper") if name.startswith("documents") else name), value) for name, value in fields
    )


_KINDS: Final[Mapping[str, Callable[[Work, Dossier, UUID], Revealed | None]]] = {
    "party": _party,
    "account": _account,
    "lead": _lead,
    "authority": _authority,
    "message": _message,
    "reply": _reply,
}


def _opened(work: Work, row: Any, table: str, column: str, cipher: bytes) -> bytes | None:  # noqa: ANN401 - a row of any of the tables
    key = work.vault.load(work.connection, [row.key_id]).get(row.key_id)
    return key.open(table, column, row.id, bytes(cipher)) if key else None


def _object(plain: bytes) -> dict[str, Any]:
    document = loads(plain, max_bytes=_MAX_BYTES)
    return document if isinstance(document, dict) else {"value": document}


def _flat(document: Mapping[str, Any], before: str = "", depth: int = 0) -> tuple[tuple[str, str], ...]:
    """Return the values of a document with their paths; what is empty is left out."""
    found: list[tuple[str, str]] = []
    for name, value in document.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            found += _flat(value, f"{path}.", depth + 1)
        elif isinstance(value, (list, tuple)):
            items = {str(at): item for at, item in enumerate(value, start=1)}
            found += _flat(items, f"{path}.", depth + 1) if depth < _MAX_DEPTH else [(path, str(value))]
        elif value not in {None, ""}:
            found.append((path, str(value)))
    return tuple(found)
