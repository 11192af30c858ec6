"""What was typed into the form of an act, read field by field; each fault is kept beside its field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from antifraud.cases.casefile import CaseFile
from antifraud.cases.messages import Mail
from antifraud.console.frame.texts import gettext as _
from antifraud.foundation.money import from_major
from antifraud.foundation.problems import InvalidValue, Problem
from antifraud.foundation.times import parse_time
from antifraud.work import Work

Act = Callable[[Work, Mail, UUID], CaseFile]
"""What a form asks for, to be done in a case by its id."""
LONGEST_REFERENCE: Final = 200
MOST_PAPERS: Final = 10


class NotPossible(Exception):
    """The act cannot be done any more: the case has changed, or it was done already."""


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it by the name of the field."""

    values: Mapping[str, str]
    zone: str
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field without blanks around it."""
        return self.values.get(name, "").strip()

    def subject(self) -> UUID:
        """Return what the act is about.

        Raises:
            NotPossible: The form names nothing: it was made by hand.
        """
        try:
            return UUID(self.text("subject"))
        except ValueError:
            raise NotPossible from None

    def choice(self, name: str, among: tuple[str, ...], fault: str) -> str:
        """Return one of the choices."""
        chosen = self.text(name)
        if chosen not in among:
            self.errors[name] = fault
        return chosen

    def instant(self, name: str) -> datetime | None:
        """Return an instant typed as the browser's field writes it, in the centre's zone; None where it is empty."""
        typed = self.text(name)
        if not typed:
            return None
        try:
            return parse_time({"local": typed, "zone": self.zone}).earliest
        except Problem:
            self.errors[name] = _("write a day and a time, for example 2026-11-24 22:41:07")
            return None

    def references(self, name: str) -> tuple[str, ...]:
        """Return references of papers, one a line."""
        lines = [line.strip() for line in self.values.get(name, "").splitlines() if line.strip()]
        if len(lines) > MOST_PAPERS or any(len(line) > LONGEST_REFERENCE for line in lines):
            self.errors[name] = _("at most 10 references, one a line, each at most 200 characters")
        return tuple(lines)

    def document(self) -> str:
        """Return the reference of one paper, which must be there."""
        document = self.text("document")
        if not 1 <= len(document) <= LONGEST_REFERENCE:
            self.errors["document"] = _("name the paper by its number, for example 云公立字〔2026〕1024号")
        return document

    def minor(self, name: str, asset: str) -> int | None:
        """Return an amount in minor units; None where the field is empty."""
        if not self.text(name):
            return None
        try:
            return from_major(self.text(name), asset)
        except InvalidValue:
            self.errors[name] = _("not an amount: write digits, for example 42,000.00")
            return None
