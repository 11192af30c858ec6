"""What the documents of the bank channel may say, and how a wrong one is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from antifraud.channel.wire import (
    Answer,
    AskedAccount,
    AskedMeasure,
    AskedReceipt,
    Authority,
    BankRequest,
    NextAccount,
    dump_answer,
    dump_request,
    parse_answer,
    parse_request,
)
from antifraud.foundation.problems import BodyTooLarge, InvalidValue, MalformedJson, Problem

REQUEST_ID = "01936b5e-7c00-7a11-8a11-0a0b0c0d0e0f"
AT = datetime(2026, 11, 24, 6, 41, 7, 120_000, tzinfo=UTC)
LEAST = {"message_id": "m-1", "request_id": REQUEST_ID, "outcome": "received"}
REQUEST = BankRequest(
    id=UUID(REQUEST_ID),
    kind="stop",
    about=None,
    urgency="urgent",
    issued_at=AT,
    answer_limit_seconds=1800,
    stop_seq=1,
    supplement=False,
    account=AskedAccount(
        institution="SIM-PROMPT", scheme="card", number="9991010000000008", sub_ref=None, holder="某人"
    ),
    measure=AskedMeasure(scope="whole", amount_minor=None, asset="CNY", ends_at=None),
    receipt=AskedReceipt(amount_minor=2**60, asset="CNY", earliest=AT, latest=AT, reference=None),
    authority=Authority(name="演练中心", officer=None, basis="银发〔2016〕86号", documents=("D-1",)),
    reply_to="http://127.0.0.1:8000/api/bank/v1/requests/x/replies",
)


def raw(**more: object) -> bytes:
    return json.dumps(LEAST | more).encode()


def pointers(problem: Problem) -> set[str]:
    return {one["pointer"] for one in problem.errors}


def test_the_least_answer_is_an_acknowledgement() -> None:
    answer = parse_answer(raw())
    assert (answer.message_id, answer.request_id, answer.outcome) == ("m-1", UUID(REQUEST_ID), "received")
    assert (answer.held_minor, answer.executed_at, answer.next) == (None, None, ())


def test_a_full_answer_comes_through_whole_and_in_utc() -> None:
    hop = {"institution": "SIM-PART", "number": "9991030000000004", "amount_minor": 7, "asset": "CNY"}
    answer = parse_answer(
        raw(
            outcome="partial",
            held_minor=5,
            balance_minor="9007199254740993",
            executed_at="2026-11-24T14:41:07.120000+08:00",
            next=[hop | {"at": "2026-11-24T06:41:07Z"}],
            something_new={"a": 1},
        )
    )
    assert (answer.held_minor, answer.balance_minor, answer.executed_at) == (5, 2**53 + 1, AT)
    assert answer.next[0].number == "9991030000000004"
    assert answer.next[0].at == AT.replace(microsecond=0)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("held_minor", -1),
        ("held_minor", 1.5),
        ("held_minor", 1.0),
        ("held_minor", True),
        ("held_minor", "1.5"),
        ("held_minor", "１２"),
        ("held_minor", 10**38),
        ("executed_at", "2026-11-24T14:41:07"),
        ("executed_at", "2026-11-24"),
        ("executed_at", "2026-13-24T14:41:07Z"),
        ("executed_at", 1_700_000_000),
        ("message_id", ""),
        ("message_id", "m" * 65),
        ("message_id", 7),
        ("message_id", None),
        ("request_id", "7"),
        ("request_id", "{" + REQUEST_ID + "}"),
        ("request_id", None),
        ("outcome", "Full!"),
        ("outcome", None),
        ("outcome", 3),
        ("next", "none"),
        ("next", [{}] * 501),
        ("reason", ["no"]),
    ],
)
def test_a_wrong_member_is_named_and_its_value_is_not_repeated(member: str, value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_answer(raw(**{member: value}))
    assert {one.split("/")[1] for one in pointers(caught.value)} == {member}
    assert "１２" not in str(caught.value.to_document())


def test_all_faults_are_told_at_once_with_their_pointers() -> None:
    hops = [{"institution": "X", "number": "1", "asset": "CNY"}, {"institution": "X", "amount_minor": -1}]
    with pytest.raises(InvalidValue) as caught:
        parse_answer(raw(outcome=None, held_minor="x", next=hops))
    assert pointers(caught.value) == {
        "/outcome",
        "/held_minor",
        "/next/1/number",
        "/next/1/asset",
        "/next/1/amount_minor",
    }


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b'{"a":1,"a":2}', b'{"message_id":NaN}', b"[" * 100_000, b'{"x":1e999}']
)
def test_what_is_no_object_in_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises((MalformedJson, InvalidValue)):
        parse_answer(body)


def test_a_giant_is_refused_unread() -> None:
    with pytest.raises(BodyTooLarge):
        parse_answer(b" " * 1_048_577)


def test_requests_and_answers_come_back_as_they_were_written() -> None:
    assert parse_request(dump_request(REQUEST)) == REQUEST
    answer = Answer(
        message_id="m",
        request_id=UUID(REQUEST_ID),
        outcome="moved_on",
        held_minor=0,
        balance_minor=2**70,
        asset="CNY",
        executed_at=AT,
        ends_at=None,
        reason=None,
        next=(
            NextAccount(institution="B", number="1", scheme=None, holder=None, amount_minor=2**70, asset="CNY", at=AT),
        ),
        raw_code=None,
    )
    assert parse_answer(dump_answer(answer)) == answer


def test_a_request_has_exactly_these_bytes() -> None:
    assert dump_request(REQUEST).decode() == (
        '{"about":null,"account":{"holder":"某人","institution":"SIM-PROMPT","number":"9991010000000008",'
        '"scheme":"card","sub_ref":null},"answer_limit_seconds":1800,"authority":{"basis":"银发〔2016〕86号",'
        '"documents":["D-1"],"name":"演练中心","officer":null},"id":"01936b5e-7c00-7a11-8a11-0a0b0c0d0e0f",'
        '"issued_at":"2026-11-24T06:41:07.120000Z","kind":"stop","measure":{"amount_minor":null,"asset":"CNY",'
        '"ends_at":null,"scope":"whole"},"receipt":{"amount_minor":"1152921504606846976","asset":"CNY",'
        '"earliest":"2026-11-24T06:41:07.120000Z","latest":"2026-11-24T06:41:07.120000Z","reference":null},'
        '"reply_to":"http://127.0.0.1:8000/api/bank/v1/requests/x/replies","stop_seq":1,"supplement":false,'
        '"urgency":"urgent"}'
    )


def test_that_no_money_may_come_in_is_said_and_what_is_usual_is_not() -> None:
    shut = replace(REQUEST, measure=replace(REQUEST.measure, money_in=False))
    assert parse_request(dump_request(shut)) == shut
    assert b'"money_in":false' in dump_request(shut)
    assert b"money_in" not in dump_request(REQUEST)
