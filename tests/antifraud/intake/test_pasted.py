"""Pasted messages: each fact is found where it stands, and nothing costs more than its length."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.intake.pasted import LONGEST, WANTED, read_paste
from antifraud.intake.typed import amount, moment

NOW = datetime(2026, 11, 24, 14, 47, tzinfo=UTC)

# ruff: noqa: ISC004, E501 - one message a line, as it is printed
# Invented people and numbers in the formats of banks' own messages.
MESSAGES = [
    (
        "【北原银行】您尾号5508的账户11月24日22:36转账支出人民币42,000.00元，收款方李**，"
        "账号6217 0038 2141 4471，余额 310.26 元。",
        {"payer_account": "尾号5508", "time": "11月24日 22:36", "amount": "42,000.00元", "name": "李**"},
        "6217 0038 2141 4471",
    ),
    (
        "您尾号0012卡11月20日15:33手机银行支出(跨行汇款)50,000元，余额12,048.49元，对方户名：孙小满，"
        "对方账户尾号：3919。【云杉银行】",
        {"payer_account": "尾号0012", "amount": "50,000元", "name": "孙小满", "payer_bank": "云杉银行"},
        "尾号3919",
    ),
    (
        "转账成功\n￥20,000.00\n收款人 赵六\n收款账户 6222 **** **** 0019\n收款银行 远渡银行\n"
        "付款账户 半溪银行 储蓄卡(6744)\n转账时间 2026-11-21 09:12:44\n凭证号 00000000000000088",
        {
            "name": "赵六",
            "bank": "远渡银行",
            "payer_account": "尾号6744",
            "payer_bank": "半溪银行",
            "time": "2026-11-21 09:12:44",
            "reference": "00000000000000088",
            "amount": "20,000.00",
        },
        "6222 **** **** 0019",
    ),
    (
        "【石门银行】您账户0877于11月18日14:02转出人民币98,000.00，余额1,203.55，收款人陈小明",
        {"payer_account": "尾号0877", "amount": "98,000.00", "time": "11月18日 14:02", "name": "陈小明"},
        None,
    ),
    (
        "30日23:04账户*7961*汇款汇出支出10000.00元，余额83.79元。对方户名:林小斌，对方银行:远渡银行总行，对方账号:*7717*。[静湖银行]",
        {"payer_account": "尾号7961", "amount": "10000.00元", "name": "林小斌", "bank": "远渡银行总行"},
        "尾号7717",
    ),
    (
        "Stonegate: A wire transfer of 426,000.00 was sent from your account ending in 9384 on Nov 19, 2026 at 11:02 AM "
        "to TEST TITLE LLC. Confirmation # 0000000001.",
        {
            "payer_account": "尾号9384",
            "amount": "426,000.00",
            "time": "Nov 19, 2026 at 11:02 AM",
            "name": "TEST TITLE LLC",
        },
        None,
    ),
]


@pytest.mark.parametrize(("text", "fields", "account"), MESSAGES)
def test_the_facts_of_a_message_are_found(text: str, fields: dict[str, str], account: str | None) -> None:
    found = read_paste(text)
    assert {name: value for name, value in found.values.items() if name in fields} == fields
    assert found.values.get("account") == account
    assert not found.is_incoming
    assert amount(found.values["amount"])
    assert moment(found.values["time"], NOW, "Asia/Shanghai").bounds.is_exact()


def test_each_piece_is_marked_where_it_stands_and_no_two_overlap() -> None:
    for text, _, _ in MESSAGES:
        found = read_paste(text)
        ends = [0, *(piece.end for piece in found.pieces)]
        for end, piece in zip(ends, found.pieces, strict=False):
            assert end <= piece.start < piece.end <= len(text)
        assert "余额" not in "".join(text[piece.start : piece.end] for piece in found.pieces)


def test_what_was_not_found_is_told() -> None:
    assert read_paste("你好，我被骗了").missing == WANTED
    assert "account" in read_paste(MESSAGES[3][0]).missing


def test_money_that_came_in_is_told_apart() -> None:
    assert read_paste(
        "您尾号0307的储蓄卡账户12月9日14时46分电子汇入收入人民币153.04元,活期余额13956.29元。[云杉银行]"
    ).is_incoming


@given(st.text(max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_paste(text)
    for piece in found.pieces:
        assert 0 <= piece.start < piece.end <= len(text)


@pytest.mark.parametrize(
    "seed",
    ["收款人" * 4000, "1" * 20_000, "1 " * 10_000, "尾号" * 10_000, "(" * 20_000, "to " + "A " * 9000, "向" * 9000 + "账户",
     "转给建设银行(" * 2000, "2026-11-24 " * 1500, "from " * 4000, "1,111" * 4000, "*" * 20_000, "付款账户" * 4000, "对方银行:" * 3000],
)  # fmt: skip
def test_hostile_and_long_texts_cost_no_more_than_their_length(seed: str) -> None:
    began = time.perf_counter()
    found = read_paste(seed)
    assert time.perf_counter() - began < 0.5
    assert found.was_cut == (len(seed) > LONGEST)
