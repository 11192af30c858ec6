"""The words of the room: what banks, accounts and acts are called, and which reasons there are."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from antifraud.cases.dossier import AccountLabel, Dossier
from antifraud.console.frame import shown, words
from antifraud.console.frame.languages import language
from antifraud.console.frame.texts import LazyString
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import lazy_gettext as lazy
from workflows.scheme import Definition

DROP_REASONS: Final = ("wrong_account", "told_twice", "no_fraud", "victim_withdrew")
ASK_REASONS: Final = (
    "unrelated_payment",
    "victim_withdrew",
    "wrong_account",
    "not_filed",
    "appeal_upheld",
    "case_filed",
)
REFUSE_REASONS: Final = ("evidence_missing", "amount_too_high", "wrong_account", "not_needed")
_SEVERAL: Final = 2
_SHORT_HASH: Final = 12
REVEAL_REASONS: Final = ("call_victim", "call_bank", "check_number", "write_papers", "answer_court", "check_record")

_REASONS: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "wrong_account": lazy("wrong account"),
        "told_twice": lazy("told twice"),
        "no_fraud": lazy("no fraud"),
        "victim_withdrew": lazy("the victim withdrew"),
        "unrelated_payment": lazy("payment unrelated to the case"),
        "not_filed": lazy("the authority declined to file"),
        "appeal_upheld": lazy("objection upheld"),
        "case_filed": lazy("the case is filed"),
        "evidence_missing": lazy("evidence is missing"),
        "amount_too_high": lazy("the amount is too high"),
        "not_needed": lazy("not needed"),
        "call_victim": lazy("call the victim"),
        "call_bank": lazy("call the bank"),
        "check_number": lazy("check a number"),
        "write_papers": lazy("write papers"),
        "answer_court": lazy("answer a court or an authority"),
        "check_record": lazy("check of the record"),
        "lead": lazy("account not fully known"),
        "checksum": lazy("the number does not fit its check digit"),
        "untrusted_source": lazy("the source may not dispatch"),
        "source_trust": lazy("the source may not dispatch"),
        "pooled_account": lazy("the account holds many people’s money"),
        "lane": lazy("by the lane that the scheme puts it in"),
        "not_entitled": lazy("whoever asked may not ask under this scheme"),
        "follow_one_click": lazy("one click follows the money"),
        "chase_depth": lazy("beyond the tiers that are followed by themselves"),
        "follow_by_person": lazy("a person decides about the next tier"),
        "terms_used": lazy("no stop left for this account"),
        "no_channel": lazy("no channel reaches the bank"),
        "perhaps_the_same": lazy("perhaps the same payment"),
        "payment_of_another_case": lazy("payment of another case"),
        "executed_at": lazy("the bank did not say when"),
        "clock_wrong": lazy("the bank’s clock cannot be right"),
        "unreadable": lazy("cannot be read"),
        "names_another_request": lazy("names another request"),
        "cannot_follow": lazy("does not fit what is known"),
        "bank_called": lazy("bank called, answer promised"),
        "victim_unreachable": lazy("victim not reached"),
        "papers_under_way": lazy("papers under way"),
        "colleague_on_it": lazy("a colleague is on it"),
        "too_early": lazy("too early"),
        "freeze_after_end": lazy("the freeze came after the end of the stop"),
        "corrected": lazy("the account was wrong"),
        "withdrawn": lazy("the report was withdrawn"),
        "claims_of_others": lazy("other cases claim the account"),
        "calendar": lazy("no calendar knows the day"),
        "queue": lazy("the hold before ours ended"),
        "receipts_exceeded": lazy("more than came in"),
        "contact_a": lazy("first contact"),
        "contact_b": lazy("second contact"),
        "head_office": lazy("head office"),
        "sending_bank": lazy("sending bank"),
        "partner_centre": lazy("partner centre"),
        "acquirer": lazy("merchant’s bank"),
        "issuer": lazy("card’s bank"),
        "regulator": lazy("supervisory authority"),
        "information_missing": lazy("information is missing"),
    }
)


def reason(code: str | None) -> str:
    """Return the words of a reason; a code that has none stands as it is, for nothing may be hidden."""
    if not code:
        return ""
    return (
        "、".join(_reason(one) for one in code.split(","))
        if language() == "zh"
        else ", ".join(_reason(one) for one in code.split(","))
    )


def _reason(code: str) -> str:
    if code in _REASONS:
        return str(_REASONS[code])
    for kind in ("outcome", "request_kind", "filing", "side", "condition"):
        if words.has(kind, code):
            return str(words.word(kind, code))
    return code


def fraud(code: str | None) -> str:
    """Return what a kind of fraud is called; a code of another taxonomy stands as it is."""
    return str(words.word("fraud", code)) if code in words.codes("fraud") else code or shown.NOTHING


def institution(label: AccountLabel | None) -> str:
    """Return what a bank is called in the reader's language."""
    if label is None:
        return _("account not known")
    if label.institution is not None:
        return label.institution.name_zh if language() == "zh" else label.institution.name_en
    return label.named or _("bank not known")


def account(label: AccountLabel | None) -> str:
    """Return bank and masked number: 东岚银行 6217…4471."""
    if label is None:
        return _("account not known")
    return f"{institution(label)} {label.short}"


def actor(who: str) -> str:
    """Return who did something, as people call them."""
    kind, _point, name = who.partition(":")
    match kind:
        case "user":
            return name
        case "cli":
            return _("command line (%(name)s)", name=name)
        case "source":
            return _("source %(name)s", name=name)
        case "bank":
            return _("the bank")
        case _:
            return _("the service")


def channel(code: str | None) -> str:
    """Return the way that a message took."""
    return {
        "push": _("direct connection"),
        "pull": _("fetched by the bank"),
        "callback": _("direct connection"),
        "answer": _("answer on the same connection"),
        "response": _("answer on the same connection"),
        "telephone": _("by telephone"),
        "paper": _("on paper"),
        "manual": _("by hand"),
    }.get(code or "", code or "")


def tier(number: int) -> str:
    """Return the name of a tier: 一级, 二级; tier 1, tier 2."""
    if language() != "zh":
        return _("tier %(number)s", number=number)
    figures = "零一二三四五六七八九十"
    return f"{figures[number]}级" if 0 <= number < len(figures) else f"{number} 级"


def measure(kind: str, definition: Definition | None = None) -> str:
    """Return a measure as the verb that asks for it; by its own scheme where that has a title for it."""
    rules = None if definition is None else definition.requests.get(kind)
    if rules is not None and rules.title_zh:
        return kind_of_request(definition, kind)
    return {
        "freeze": _("Ask for a freeze"),
        "release": _("Release the stop"),
        "second_stop": _("Ask for a second stop"),
        "extend": _("Ask for an extension"),
        "return": _("Return the money"),
        "extend_chase": _("Follow the money deeper"),
        "migrate": _("Move to another version"),
    }.get(kind) or str(words.word("request_kind", kind))


def version(dossier: Dossier, content_hash: str | None) -> str:
    """Return the name of a stored version by its content, the beginning of its hash where none is stored."""
    known = dossier.version(content_hash or "")
    return known.name if known else (content_hash or shown.NOTHING)[:_SHORT_HASH]


def title(definition: Definition) -> str:
    """Return what a scheme is called."""
    return (definition.title_zh if language() == "zh" else definition.title_en) or definition.id


def kind_of_request(definition: Definition | None, code: str) -> str:
    """Return what a request is called: by its own scheme where that has a title for it, else by the common word."""
    rules = None if definition is None else definition.requests.get(code)
    return (
        _titled(rules.title_zh, rules.title_en) if rules and rules.title_zh else str(words.word("request_kind", code))
    )


def outcome(definition: Definition | None, code: str) -> str:
    """Return what an answer is called: by its own scheme where that has a title for it, else by the common word."""
    rules = None if definition is None else definition.outcomes.get(code)
    return _titled(rules.title_zh, rules.title_en) if rules and rules.title_zh else str(words.word("outcome", code))


def lane(definition: Definition | None, code: str | None) -> str:
    """Return the lane of a hold, where its scheme has more than one."""
    if definition is None or code is None or len(definition.lanes) < _SEVERAL or code not in definition.lanes:
        return ""
    found = definition.lanes[code]
    return _titled(found.title_zh, found.title_en) or code


def _titled(title_zh: str, title_en: str) -> str:
    return (title_zh if language() == "zh" else title_en) or title_zh or title_en


def choices(codes: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return reasons as choices of a field."""
    return [(code, _REASONS[code]) for code in codes]
