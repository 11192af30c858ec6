"""The sentence that is read back to the caller: the four facts as speech has them, the digits of a tail one by one."""

from datetime import datetime

from markupsafe import Markup

from antifraud.banks.directory import BankChoice
from antifraud.console.frame.languages import language
from antifraud.console.reporting.phrases import translated as _
from antifraud.foundation.times import zone
from antifraud.intake import typed
from antifraud.intake.drafting import Transfer, Understood


def name_of(bank: BankChoice) -> str:
    """Return an institution's name in the reader's language."""
    names = (bank.name_zh, bank.name_en) if language() == "zh" else (bank.name_en, bank.name_zh)
    return next((name for name in names if name), bank.code)


def readback(understood: Understood, zone_name: str) -> Markup | None:
    """Return the sentence; None as long as account, amount or time is not there."""
    row = understood.transfers[0]
    if row.account is None or row.amount_minor is None or row.at is None:
        return None
    local = row.at.bounds.earliest.astimezone(zone(zone_name))
    say = _in_chinese if language() == "zh" else _in_english
    return say(understood, row, local, row.amount_minor)


def _tail(account: typed.TypedAccount) -> str:
    """Return the last digits one by one, as they are read out."""
    return " ".join(account.tail)


def _in_chinese(understood: Understood, row: Transfer, local: datetime, minor: int) -> Markup:
    day = f"{local.month} 月 {local.day} 日"
    at = row.at
    clock = f" {local.hour} 点 {local.minute:02d} 分" if at and at.bounds.is_exact() else ""
    payer = understood.payer_account
    bank = understood.payer_bank
    source = Markup("")
    if payer or bank:
        source = Markup("，从<b>{}</b>{}").format(
            name_of(bank) if bank else "",
            Markup('尾号 <b class="num nowrap">{}</b>').format(_tail(payer)) if payer else "",
        )
    target = Markup("<b>{}</b>").format(name_of(row.bank)) if row.bank else Markup("")
    number = Markup('尾号 <b class="num nowrap">{}</b>').format(_tail(row.account)) if row.account else Markup("")
    holder = Markup("，户主<b>{}</b>").format(_holder(row.name)) if row.name else Markup("")
    return Markup("“您 <b>{}{}</b>{}，转了<b>{}</b>，到{}{}{}，对吗？”").format(
        day, clock, source, typed.spoken(minor), target, number, holder
    )


def _holder(name: str) -> str:
    known = name.replace("*", "")
    return f"姓{known}" if "*" in name and len(known) == 1 else name


def _in_english(understood: Understood, row: Transfer, local: datetime, minor: int) -> Markup:
    at = row.at
    clock = _("at %(time)s", time=f"{local:%H:%M}") if at and at.bounds.is_exact() else ""
    payer, bank = understood.payer_account, understood.payer_bank
    source = Markup("")
    if payer or bank:
        named = name_of(bank) if bank else _("your account")
        ending = Markup(' ending <b class="num nowrap">{}</b>').format(_tail(payer)) if payer else Markup("")
        source = Markup(" from <b>{}</b>{}").format(named, ending)
    ending = Markup(' ending <b class="num nowrap">{}</b>').format(_tail(row.account)) if row.account else Markup("")
    holder = Markup(", holder <b>{}</b>").format(row.name) if row.name else Markup("")
    return Markup("“On <b>{} {} {}</b> you paid <b>{} yuan</b>{} to <b>{}</b>{}{}. Is that right?”").format(
        local.day,
        f"{local:%B}",
        clock,
        f"{minor // 100:,}.{minor % 100:02d}".removesuffix(".00"),
        source,
        name_of(row.bank) if row.bank else "",
        ending,
        holder,
    )
