"""What every reader of a table shares: the document, its faults, and where each rule comes from."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from workflows.scheme import CONFIDENCES, Provenance
from workflows.tables import CODE, Table

Fault = tuple[str, str]
"""The TOML path of what is wrong, and a sentence."""


class InvalidDefinition(ValueError):
    """The definition has faults; `faults` are all of them, as (TOML path, sentence)."""

    def __init__(self, faults: Collection[Fault]) -> None:
        """Keep the faults in the order in which they stand in the file."""
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{path}: {sentence}" if path else sentence for path, sentence in self.faults))


class Sourced(NamedTuple):
    """Where a rule comes from and how sure that is."""

    source: str
    confidence: str


class Reading:
    """One document being read; `provenance` gathers the source of every rule, `faults` what is wrong."""

    def __init__(self, document: Mapping[str, object]) -> None:
        """Begin with the whole document."""
        self.faults: list[Fault] = []
        self.provenance: list[Provenance] = []
        self.root = Table(document, "", self.faults)
        self.name = ""
        self.zone = "UTC"
        self.checked_on = date.min

    def sourced(self, table: Table) -> Sourced:
        """Read where the rule of a table comes from."""
        sourced = Sourced(table.text("source"), table.text("confidence", CONFIDENCES))
        checked_on = table.take("checked_on", date, self.checked_on, optional=True)
        self.provenance.append(
            Provenance(path=table.path, source=sourced.source, confidence=sourced.confidence, checked_on=checked_on)
        )
        return sourced

    def coded(self, key: str) -> list[tuple[str, Table]]:
        """Return the tables under ``key`` with their codes, in the order of the file."""
        table = self.root.table(key)
        found = []
        for code in table.codes():
            if not CODE.fullmatch(code):
                table.fault(code, "must be a code of small letters, digits and _")
            found.append((code, table.table(code)))
        return found
