"""How far the exploration goes: the numbers are printed with every result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The size of the world in which a definition is tried.

    `in_air` is how many measures of one hold may be open at once (requests,
    approvals, objections, contradictions). `tiers` is how many accounts the
    answers of institutions alone may open in a row before a person is asked.
    """

    accounts: int = 2
    hops: int = 2
    receipts: int = 2
    procedures: int = 2
    in_air: int = 2
    tiers: int = 30
    states: int = 20_000

    def words(self) -> str:
        """Return the bound as one line."""
        return (
            f"{self.accounts} accounts, {self.hops} hops, {self.receipts} receipts, {self.procedures} procedures,"
            f" {self.in_air} measures of a hold in the air at once, amounts full, part or none"
        )


ABSTRACTIONS = tuple(
    line.strip().replace("\n", " ")
    for line in """
time: every running clock of a hold, an approval or a condition may be the next to come due, at its due instant or late

people's tasks: one that changes no hold is repeated and ticked off once for each kind and state of the hold

the way of a request (delivered, received, by hand, reminders, ladder): whole, once for each kind and urgency

outcomes that make the same of a hold: followed as one; each of them is tried once for each kind and state of the hold

amounts: in part, nothing and missing are tried once for each outcome, kind and state of the hold

what an answered request said: only what it made of the hold; one contradiction of each sort for each state of the hold

warnings and stated instants: once for each state of the hold

two measures in the air: each pair of kinds once for each state of the hold; an objection or a contradiction comes alone

refused approvals: once for each kind and state of the hold; expired ones always

two holds: the same account or receipt, with stop, one more kind that counts a term, and release; one answer an effect

hops: orders and answers without further measures, two accounts on and back to the first one

procedures: they share no state but the claims of the other one on an account, which hold a release back

calendars: every one reaches as far as it is asked for; none is replaced by a newer one on the way

ids, banks, people, assets, papers: one each; holds that differ by nothing else are the same
""".strip().split("\n\n")
)
"""What the exploration leaves out or merges: printed with every result, and in the reference of the language."""
