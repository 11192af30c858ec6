"""The sentences of the room: what to mend with an example, what a likeness means, what to ask next."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from antifraud.console.frame.texts import LazyString, gettext, ngettext
from antifraud.console.frame.texts import lazy_gettext as _

ERRORS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "account-unreadable": _("This is no account number. Write its digits, for example 6217 0038 2141 4471"),
        "account-too-short": _(
            "The card number lacks a digit or two: cards have 16 to 19, for example 6217 0038 2141 4471"
        ),
        "amount-ambiguous": _("This could be two amounts. Write all digits, for example 42000, or 4.2w"),
        "amount-approximate": _("Write one amount without “about” or “more than”, for example 42000"),
        "amount-negative": _("Write the amount without a minus sign, for example 42000"),
        "amount-zero": _("The amount is greater than zero, for example 42000"),
        "amount-too-fine": _("At most two decimals, for example 42000.50"),
        "amount-unreadable": _("This is no amount. Write for example 42000, 4.2w or 4万2"),
        "amount-other-currency": _("Amounts here are in yuan. Write what left the account in yuan, for example 42000"),
        "currency-unknown": _("Amounts here are in yuan, for example 42000"),
        "time-ambiguous": _("This could be two times. Write day and time, for example 11-24 22:36"),
        "time-future": _("This time has not come yet: was it yesterday? Write for example 11-23 22:36"),
        "time-unreadable": _("This is no time. Write for example 22:36, 11-24 22:36 or 10 minutes ago"),
        "bank-ambiguous": _("Several banks may be meant: choose one, or write more of its name"),
        "bank-unknown": _("No bank of that name. Write its name or its initials, for example 工商银行 or gsyh"),
        "name-too-long": _("A name has at most 200 characters; put the rest into the narrative"),
        "name-order-marks": _("The name holds invisible marks that turn its order round: type it again"),
    }
)

MISSING: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "account": _("payee account"),
        "bank": _("payee bank"),
        "amount": _("amount"),
        "time": _("transfer time"),
        "payer_bank": _("paying bank"),
        "payer_account": _("paying account"),
    }
)

FIELDS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "paste": _("Pasted text"),
        "account": _("Payee account"),
        "bank": _("Payee bank"),
        "amount": _("Transfer amount"),
        "time": _("Transfer time"),
        "name": _("Payee name"),
        "payer_bank": _("Paying bank"),
        "payer_account": _("Paying account"),
        "reference": _("Transfer reference"),
        "victim_name": _("Victim’s name"),
        "victim_phone": _("Victim’s phone"),
        "victim_id_no": _("Victim’s ID number"),
        "reporter_name": _("Reporter’s name"),
        "reporter_phone": _("Reporter’s phone"),
        "relation": _("Relation to the victim"),
        "narrative": _("What happened"),
        "place": _("Place"),
        "category": _("Kind of fraud"),
    }
)

MARKS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "account": _("account"),
        "bank": _("bank"),
        "amount": _("amount"),
        "time": _("time"),
        "name": _("name"),
        "payer_bank": _("payer’s bank"),
        "payer_account": _("paid from"),
        "reference": _("reference"),
    }
)

PARTS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "victim": _("Reporter and victim"),
        "narrative": _("What happened"),
        "transfers": _("Other transfers"),
        "category": _("Kind of fraud"),
    }
)

QUESTIONS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "sharing": _("“Is your phone still sharing its screen? Switch it off now and call from another phone.”"),
        "account": _("“What account did the money go to? Open the transfer record and read me the payee account.”"),
        "bank": _("“Which bank is that account with?”"),
        "amount": _("“How much did you transfer, exactly?”"),
        "time": _("“At what hour and minute was the transfer? The message shows it.”"),
        "name": _("“What name does the record show for the payee? The family name alone helps.”"),
        "payer_account": _("“From which bank and card did you pay? The last four digits are enough.”"),
        "more": _("“Did you transfer anything else after that? Is your phone sharing its screen?”"),
        "victim": _("“What is your name, and on which number can we reach you?”"),
        "narrative": _("“How did they get in touch with you, and what did they say?”"),
    }
)

KINDS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "payee": _("payee account"),
        "payer": _("paying account"),
        "phone": _("phone number"),
        "document": _("ID number"),
        "money": _("amount and time"),
    }
)

HEADS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "stopped": _("Same payee account: already stopped"),
        "stopped_money_likely_there": _("Same payee account: already stopped"),
        "frozen": _("Same payee account: already frozen"),
        "asked": _("Same payee account: a stop has been asked for"),
        "known": _("Same payee account in an earlier case"),
        "same_payer": _("Same paying account"),
        "same_phone": _("Same phone number"),
        "same_document": _("Same ID number"),
        "same_money": _("Same amount at the same time"),
    }
)

LOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stopped": "held",
        "stopped_money_likely_there": "held",
        "frozen": "held",
        "asked": "wait",
        "known": "gone",
        "same_payer": "soon",
        "same_phone": "soon",
        "same_document": "soon",
        "same_money": "soon",
    }
)


def translated(text: str, **values: object) -> str:
    """Return a sentence in the reader's language."""
    return str(gettext(text, **values))


def counted(one: str, many: str, number: int) -> str:
    """Return a sentence about so many things in the reader's language."""
    return str(ngettext(one, many, number))


def base_of(field: str) -> tuple[str, int]:
    """Return the field of a row of transfers, and the row's number: ``amount_3`` is (amount, 3)."""
    name, _sep, number = field.rpartition("_")
    return (name, int(number)) if number.isdecimal() and name else (field, 1)


def label_of(field: str) -> str:
    """Return what a field is called, with its row where that is not the first."""
    name, row = base_of(field)
    label = str(FIELDS.get(name, name))
    return label if row == 1 else f"{label} {row}"


def missing_of(field: str) -> str:
    """Return what a missing field is called in the middle of a sentence."""
    name, row = base_of(field)
    label = str(MISSING.get(name, name))
    return label if row == 1 else f"{label} {row}"
