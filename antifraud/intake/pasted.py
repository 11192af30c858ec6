"""One pasted message (bank SMS, receipt, chat) read for the fields of a report: what was found, where it stands.

The operator sees every found piece marked in the text, and what was not
found; nothing is sent by reading alone. The patterns look for the labels and
phrases that banks and wallets print; none backtracks without a bound, so that
a hostile text costs no more than a long one.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from antifraud.foundation.texts import narrow

Field = Literal["account", "bank", "amount", "time", "name", "payer_bank", "payer_account", "reference"]
FIELDS: Final[tuple[Field, ...]] = (
    "account", "bank", "amount", "time", "name", "payer_bank", "payer_account", "reference"
)  # fmt: skip
WANTED: Final[tuple[Field, ...]] = ("account", "amount", "time", "name", "payer_account")
"""What a message should answer; those of them that it does not are told."""
LONGEST: Final = 8000
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY = (
    r"(?:(?:20[0-9]{2}|[0-9]{2})年[0-9]{1,2}月[0-9]{1,2}日|20[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
    r"|[0-9]{1,2}月 ?[0-9]{1,2}日|[0-9]{1,2}[-/][0-9]{1,2}(?![-/0-9]|[,.][0-9])"
    rf"|[0-9]{{1,2}} ?{_MONTH} ?(?:20[0-9]{{2}}|[0-9]{{2}}(?![0-9:]))?|{_MONTH} [0-9]{{1,2}}(?:, ?20[0-9]{{2}})?"
    r"|(?<![0-9])[0-9]{1,2}日(?=[0-9]{1,2}[:时点]))"
)
_CLOCK = r"[0-9]{1,2}(?:[:时点][0-9]{1,2}(?:[:分][0-9]{1,2}秒?|分)?|\.[0-9]{2}\.[0-9]{2})(?: ?[ap]m)?"
_TIME = re.compile(
    rf"(?<![0-9/-])(?:{_DAY})(?: at)?(?:[ ,-]{{0,2}}|t)(?:{_CLOCK})?|(?<![0-9:.-]){_CLOCK}(?![0-9:])", re.IGNORECASE
)
_LABELLED_TIME = re.compile(
    r"(?:转账时间|交易时间|支付时间|付款时间|创建时间|提交时间|时间戳|date & time)[:： ]{0,3}", re.IGNORECASE
)
_MONEY = re.compile(
    r"(?P<mark>人民币|RMB|CNY|HKD|USD|SGD|GBP|EUR|INR|Rs\.?|港币|[¥￥$])? ?(?P<sign>[-−]?)"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{2,3}){1,6}(?:\.[0-9]{1,2})?|[0-9]{1,12}(?:\.[0-9]{1,2})?)"
    r"(?![0-9*]|,[0-9]|\.[0-9]|:[0-9]|-[0-9]|[年月日时点号/])(?P<unit> ?(?:万元|元|圆|块))?",
    re.IGNORECASE,
)
_YUAN: Final = frozenset({"", "人民币", "rmb", "cny", "¥", "￥"})
_OTHER_MONEY = re.compile(r"(?:余额|手续费|fees?|bal(?:ance)?|共计优惠|限额|rate|gets)[^0-9]{0,14}$", re.IGNORECASE)
_BEFORE_MONEY = re.compile(
    r"(?:金额(?:\(大写\))?|支出|转出|汇出|支付|付款|转账|转给|消费|汇款|transfer of|payment of|sent|debited by|amount)"
    r"[^0-9]{0,12}$",
    re.IGNORECASE,
)
_NUMBER = r"(?P<value>[0-9*•xX][0-9*•xX \-]{2,38}[0-9*]|[0-9]{3,6})"
_PAYEE_NUMBER = re.compile(
    rf"(?:收款(?:人|方|行)?|对方|收方|转入|to )(?:的)?(?:账户|帐户|账号|帐号|卡号|account|a/c)(?:号码|尾号|ending|no\.?)?"
    rf"(?:为|是|\*|[:： ]){{0,3}}{_NUMBER}"
    rf"|(?:\bto\b[^\n(]{{2,60}}\((?:a/c|uen|account) (?:ending|no\.?) ?)(?P<ending>[0-9A-Z]{{3,6}})\)"
    rf"|(?:收款银行[:： ]{{0,2}}|转给|转账到)[^\n()0-9]{{2,20}}[(（](?P<bracket>[0-9]{{4}})[)）]"
    rf"|\bto (?:VPA )?(?P<wallet>[0-9A-Za-z.+_\-]{{1,64}}@[0-9A-Za-z.\-]{{1,64}})"
    rf"|向[^\n0-9,，。]{{1,20}}(?:账户|帐户)(?P<after>[0-9]{{4,19}})"
    rf"|(?:^|\n)account[:： ]{{1,3}}(?P<plain>[0-9A-Z][0-9A-Z ]{{6,40}})",
    re.IGNORECASE,
)
_OWN_LABEL = re.compile(r"(?:付款(?:人|方)?|扣款|转出|您的?|from |贵)[^\n]{0,6}$", re.IGNORECASE)
_BARE_NUMBER = re.compile(
    r"(?:(?:账号|帐号|账户|卡号)[:： ]{0,2})?(?P<value>(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){14,18})(?![0-9 -]?[0-9])"
)
_PAYER_NUMBER = re.compile(
    rf"(?:付款(?:人|方)?(?:账户|帐户|账号|帐号|卡号)|付款方式)[:： ]{{0,2}}(?:[^\n()0-9]{{0,24}}[(（](?P<bracket>[0-9]{{3,5}})[)）]|{_NUMBER})"
    r"|(?<!对方)(?<!对方账户)(?<!收款账户)(?:您的?|贵|汇款账号[:：]|^|[\]】 ])(?:的|储蓄|借记)?(?:卡|账户|帐户)?尾号(?:为)?\*?(?P<tail>[0-9]{3,5})"
    r"|(?:您的?|贵)?(?:账户|借记卡账户|账号)\*?(?P<own>[0-9]{4})(?=\*|于|在|\b)"
    r"|(?:from[^\n]{0,40}?|debited from |your account )(?:a/c|acct|account|bank a/c)?(?: ending(?: in)?)? ?[*X]{0,6}(?P<english>[0-9]{3,6})(?![0-9]|[,.][0-9])"
    r"|a/c [*X]{0,6}(?P<debited>[0-9]{3,6})(?= debited)",
    re.IGNORECASE,
)
_NAME = r"(?P<name>[A-Z][A-Z.&*]{0,30}(?: [A-Z.&*]{1,30}){1,6}(?=\n|$|[,，。;；(（])|[^\s,，。;；:：()（）\[\]【】0-9、\"'<>]{1,30}(?:\(个体\))?)"
_PAYEE_NAME = re.compile(
    rf"(?:收款(?:人|方)(?:户名|姓名|名称|全称)?|对方(?:户名|姓名|名称|账户户名)|收款户名|收方户名|(?<=,|，)户名)(?:为|是|[:： ]){{0,2}}{_NAME}"
    r"|向(?P<toward>[^\s,，。0-9*您]{0,1}\*{0,2}[^\s,，。0-9您]{1,15}?)(?=完成|跨行|账户|转账|转支|做)"
    r"|转账-给(?P<given>[^\s(（]{1,15})|转给[^\n()（）]{2,15}[(（][0-9]{4}[)）] ?(?P<after>[^\s]{1,15})"
    r"|\b(?:to|trf to) (?!vpa|your|report)(?P<english>[A-Z][A-Z*.& ]{2,60}?)(?= \(| with| on | from|\.|\n| ref|$)",
    re.IGNORECASE,
)
_ENGLISH_NAME = re.compile(r"[A-Z*]")
_PAYEE_BANK = re.compile(
    r"(?:收款(?:人)?(?:银行|开户行|行)|对方(?:银行|开户行)|(?<!付款人)(?<!付款方)开户行)[:： ]{0,2}(?P<bank>[^\s,，。;；()（）\[\]【】0-9]{2,40})"
    r"|转给(?P<given>[^\n()（）0-9]{2,15})[(（]"
)
_PAYER_BANK = re.compile(
    r"[【\[](?P<head>[^】\]\n0-9]{2,12})[】\]]|(?:付款(?:人)?(?:账户|开户行|银行|方式))[:： ]{0,2}(?P<own>[^\s()（）0-9]{2,30})"
    r"|^(?P<first>HSBC|Chase|DBS|POSB|OCBC|UOB|滙豐|[^\s:：]{2,12}银行)(?=[:：\s])"
)
_REFERENCE = re.compile(
    r"(?:流水号|订单号|凭证号|转账单号|交易单号|业务编号|参考编号|參考編號|transaction ref|transfer number|confirmation #|\b(?:fps )?ref(?: ?no)?)"
    r"[.:：# ]{0,3}(?P<value>[0-9A-Z][0-9A-Z-]{5,63})",
    re.IGNORECASE,
)
_OUT = re.compile(
    r"支出|转出|汇出|转支|支取|支付(?!宝|系统|收入)|付款|消费|转账成功|汇款申请|转账-|金额-|\bsent\b|debited|payment of|your transfer|paynow transfer|电子回单|人民币-",
    re.IGNORECASE,
)
_IN = re.compile(
    r"收入|转入资金|转入(?!账)|汇入|存入|转存|代付|提现|入账|向你转账|向您的?尾号|received|credited", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One found piece: where it stands in the text, whose field it fills, and what is put there."""

    start: int
    end: int
    field: Field
    value: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a message says. `is_incoming` tells that money came in: then it is no payment to stop."""

    text: str
    pieces: tuple[Piece, ...]
    missing: tuple[Field, ...]
    is_incoming: bool
    was_cut: bool

    @property
    def values(self) -> dict[Field, str]:
        """Return what each field is filled with."""
        return {piece.field: piece.value for piece in self.pieces}


def read_paste(text: str) -> Pasted:
    """Return what a pasted text says of one payment; each field at most once, the pieces never overlapping."""
    shown = text[:LONGEST]
    # One character for one, so that what is found here stands at the same place there.
    plain = "".join(narrow_one(ch) for ch in shown)
    reader = _Reader(plain)
    reader.read()
    pieces = tuple(sorted(reader.found.values(), key=lambda piece: piece.start))
    incoming = _first(_IN, plain)
    outgoing = _first(_OUT, plain)
    has = {piece.field for piece in pieces}
    return Pasted(
        text=shown,
        pieces=pieces,
        missing=tuple(field for field in WANTED if field not in has),
        is_incoming=incoming is not None and (outgoing is None or incoming < outgoing),
        was_cut=len(text) > LONGEST,
    )


def narrow_one(ch: str) -> str:
    """Return one character as the patterns know it, never more than one."""
    if ch == "\u3000":
        return " "
    tidy = narrow(ch)
    return tidy if len(tidy) == 1 else ch


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return found.start() if found else None


class _Reader:
    """Takes pieces of one text, each place once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: dict[Field, Piece] = {}
        self.taken: list[tuple[int, int]] = []

    def read(self) -> None:
        """Read the surest first: what has a label, then what stands alone."""
        self._take_first("reference", _REFERENCE)
        self._take_time()
        self._take_first("account", _PAYEE_NUMBER)
        self._take_first("payer_account", _PAYER_NUMBER)
        if "account" not in self.found:
            self._take_bare_number()
        self._take_amount()
        self._take_first("bank", _PAYEE_BANK)
        self._take_first("payer_bank", _PAYER_BANK)
        self._take_name()

    def _take_first(self, field: Field, pattern: re.Pattern[str]) -> None:
        for found in pattern.finditer(self.text):
            group = found.lastgroup
            if group is not None and self._take(field, *found.span(group)):
                return

    def _take_bare_number(self) -> None:
        for found in _BARE_NUMBER.finditer(self.text):
            before = self.text[max(0, found.start() - 12) : found.start()]
            if not _OWN_LABEL.search(before) and self._take("account", *found.span("value")):
                return

    def _take_time(self) -> None:
        label = _LABELLED_TIME.search(self.text)
        if label is not None:
            found = _TIME.match(self.text, label.end())
            if found is not None and self._take("time", *found.span()):
                return
        for found in _TIME.finditer(self.text):
            if self._take("time", *found.span()):
                return

    def _take_amount(self) -> None:
        best: tuple[int, int, int] | None = None
        for found in _MONEY.finditer(self.text):
            start, end = found.span()
            before = self.text[max(0, start - 24) : start]
            if self._overlaps(start, end) or _OTHER_MONEY.search(before):
                continue
            has_label = _BEFORE_MONEY.search(before) is not None
            is_alone = bool(found["sign"]) and before.endswith(("\n", "\r")) and found["digits"].find(".") > 0
            has_mark = bool(found["mark"] or found["unit"]) or is_alone
            is_written_as_money = "," in found["digits"] or "." in found["digits"]
            rank = 3 * has_mark + 2 * has_label + is_written_as_money
            if (found["mark"] or "").casefold() in _YUAN:
                start = found.start("digits")
            if rank >= 2 and (best is None or rank > best[0]):  # noqa: PLR2004 -- a mark, or a label, or both others
                best = (rank, start, end)
        if best is not None:
            self._take("amount", *best[1:])

    def _take_name(self) -> None:
        for found in _PAYEE_NAME.finditer(self.text):
            group = found.lastgroup
            if group is None or (group == "english" and not _ENGLISH_NAME.match(found[group])):
                continue
            if found[group].strip("*") in {"", "账号", "账户", "银行", "银联扫码", "银行卡"} and "*" not in found[
                group
            ].strip("*"):
                continue
            if self._take("name", *found.span(group)):
                return

    def _take(self, field: Field, start: int, end: int) -> bool:
        value = self.text[start:end]
        start += len(value) - len(value.lstrip())
        value = value.strip(" -,.\n")
        end = start + len(value)
        if not value or self._overlaps(start, end):
            return False
        self.taken.append((start, end))
        self.found[field] = Piece(start, end, field, _VALUES.get(field, _as_is)(value))
        return True

    def _overlaps(self, start: int, end: int) -> bool:
        return any(start < other_end and other_start < end for other_start, other_end in self.taken)


def _as_is(value: str) -> str:
    return value


def _time_value(value: str) -> str:
    """Return a time as `moments.moment` reads it; receipts also print 2026-11-19-13.31.05."""
    stamp = re.fullmatch(r"(20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2})-([0-9]{2})\.([0-9]{2})\.([0-9]{2})", value)
    return (
        f"{stamp[1]} {stamp[2]}:{stamp[3]}:{stamp[4]}"
        if stamp
        else re.sub(r"日(?=[0-9])", "日 ", value.replace("月 ", "月"))
    )


def _tail_value(value: str) -> str:
    return value if len(re.sub("[^0-9]", "", value)) > 6 else "尾号" + value.strip("*")  # noqa: PLR2004 -- a tail


def _payee_value(value: str) -> str:
    digits = re.sub("[^0-9A-Za-z]", "", value)
    return "尾号" + digits if digits.isdecimal() and len(digits) <= 6 and "@" not in value else value  # noqa: PLR2004


_VALUES: Final = {
    "time": _time_value,
    "payer_account": _tail_value,
    "account": _payee_value,
}
