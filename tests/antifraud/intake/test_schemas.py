"""A report is understood as it is written; what is missing never blocks it, and all faults come at once."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.foundation.json import loads
from antifraud.foundation.problems import InvalidReport, Problem
from antifraud.intake.facts import ReportFacts
from antifraud.intake.schemas import understand

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
# of the kind collected in the "big list of naughty strings": each once broke somebody's form
FIELDS = (
    "channel",
    "origin",
    "reported_at",
    "zone",
    "currency",
    "reporter",
    "victim",
    "fraud_type",
    "taxonomy",
    "narrative",
    "place",
    "loss",
    "transfers",
    "authority",
)
NAUGHTY = [
    "undefined",
    "NULL",
    "1/0",
    "-0",
    "١٢٣",
    "０",
    "1e400",
    "NaN",
    "\u202eabc\u202c",
    "\u200b",
    "\ufeff",
    "Ω≈ç√∫",
    "👾 🙇",
    "<img src=x onerror=1>",
    "'; DROP TABLE reports;--",
    "../../etc/passwd",
    "%s%n",
    "{{7*7}}",
    "$(reboot)",
    "Z̮̞̠͙͔ͅA̳L̲G̛O",
    "ⅷ①½",
    "\r\nSet-Cookie: a=b",
    "田中さん",
    "ﷺ",
    "\x1b[31m",
    "\x7f",
]


def full() -> dict[str, object]:
    return {
        "source_ref": "110-20261124-0042",
        "channel": "110",
        "reported_at": "2026-11-24T22:50:00+08:00",
        "victim": {
            "name": "王小明",
            "id_type": "resident_id",
            "id_no": "11010519491231002x",
            "phone": "+86 138 0013 8000",
        },
        "reporter": {"name": "王小红", "relation": "family"},
        "fraud_type": "impersonate_boss",
        "narrative": "财务被骗",
        "place": "厦门",
        "loss": {"amount": 42050, "currency": "CNY"},
        "transfers": [
            {
                "from": {"institution": "ICBC", "number": "6222021234567890128", "holder": "王小明"},
                "to": {
                    "institution": "abc",
                    "number": "６２２８ 4800 1234 5678 907",
                    "holder": "李四",
                    "kind": "personal",
                },
                "amount": 42050,
                "currency": "CNY",
                "at": "2026-11-24T22:41:07+08:00",
                "reference": "2026 1124-0001",
                "reference_institution": "ICBC",
                "channel": "mobile",
                "settlement": "instant",
            }
        ],
        "authority": {"name": "某市公安局", "officer": "警员", "basis": "反电信网络诈骗法 20", "documents": ["止付-1"]},
    }


def read(**changes: object) -> ReportFacts:
    return understand(full() | changes, now=NOW)


def with_transfer(**changes: object) -> ReportFacts:
    transfers = full()["transfers"]
    assert isinstance(transfers, list)
    return read(transfers=[transfers[0] | changes])


def faults(act: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(InvalidReport) as caught:
        act()
    return {one["pointer"]: one["detail"] for one in caught.value.errors}


def codes(facts: ReportFacts) -> set[str]:
    return {flag.code for flag in facts.flags}


def test_a_full_report_is_understood_without_a_flag_but_the_card_that_does_not_check() -> None:
    facts = read()
    (transfer,) = facts.transfers
    assert transfer.payee is not None
    assert (transfer.payee.institution, transfer.payee.number, transfer.payee.scheme) == (
        "ABC",
        "6228480012345678907",
        "card",
    )
    assert (transfer.amount_minor, transfer.asset, transfer.reference) == (42050, "CNY", "202611240001")
    assert transfer.at is not None
    assert transfer.at.earliest == datetime(2026, 11, 24, 14, 41, 7, tzinfo=UTC)
    assert [(party.role, party.name) for party in facts.parties] == [("victim", "王小明"), ("reporter", "王小红")]
    assert (facts.parties[0].id_no, facts.parties[0].phone) == ("11010519491231002X", "13800138000")
    assert facts.authority == full()["authority"]
    assert (facts.origin, facts.confirmations) == ("live", ())
    assert codes(facts) == {"card-checksum"}


def test_almost_nothing_is_enough() -> None:
    facts = understand({"source_ref": "x"}, now=NOW)
    assert facts.transfers == ()
    assert codes(facts) == {"reported-at-missing", "victim-missing", "transfers-missing"}


def test_everything_that_a_bank_will_ask_for_is_flagged_where_it_is_missing() -> None:
    facts = read(transfers=[{}])
    assert {flag.pointer: flag.code for flag in facts.flags} == {
        "/transfers/0/to": "payee-missing",
        "/transfers/0/from": "payer-missing",
        "/transfers/0/amount": "amount-missing",
        "/transfers/0/currency": "currency-missing",
        "/transfers/0/at": "time-missing",
        "/transfers/0/reference": "reference-missing",
    }


def test_null_and_blank_count_as_missing() -> None:
    blank = {"from": None, "to": {"institution": "  ", "number": ""}, "amount": None, "at": "", "reference": " - "}
    assert codes(read(transfers=[blank])) == codes(read(transfers=[{}]))


def test_all_faults_come_at_once_each_with_its_pointer() -> None:
    document = full() | {
        "source_ref": 5,
        "surprise": 1,
        "reported_at": "2026-11-24T22:50:00",
        "loss": {"amount": 1.5, "currency": "RMB"},
        "transfers": [
            None,
            {"to": {"number": 6222, "bank": "ICBC"}, "amount": -1, "at": "2027-01-01T00:00Z"},
            {"amount": True, "currency": "CNY", "at": "2016-12-31T23:59:60Z", "hop": "1"},
            "transfer",
        ],
        "authority": {"documents": "one"},
    }
    assert set(faults(lambda: understand(document, now=NOW))) == {
        "/source_ref", "/surprise", "/reported_at", "/loss/amount", "/loss/currency", "/transfers/0",
        "/transfers/1/to/number", "/transfers/1/to/bank", "/transfers/1/amount", "/transfers/1/at",
        "/transfers/2/amount", "/transfers/2/at",
        "/transfers/2/hop", "/transfers/3", "/authority/documents",
    }  # fmt: skip


@pytest.mark.parametrize("document", [None, [], "report", 5, True, [{"source_ref": "x"}]])
def test_what_is_not_an_object_is_refused(document: object) -> None:
    assert list(faults(lambda: understand(document, now=NOW))) == [""]


@pytest.mark.parametrize("source_ref", [None, "", "   "])
def test_a_report_without_its_own_number_is_refused(source_ref: object) -> None:
    assert list(faults(lambda: read(source_ref=source_ref))) == ["/source_ref"]
    assert list(faults(lambda: understand({}, now=NOW))) == ["/source_ref"]


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b", "x" * 201])
@pytest.mark.parametrize("field", ["name", "relation"])
def test_texts_that_cannot_be_kept_are_refused_at_their_field(bad: str, field: str) -> None:
    assert list(faults(lambda: read(victim={field: bad}))) == [f"/victim/{field}"]


def test_the_answer_never_repeats_what_was_sent() -> None:
    secret = "6228480012345678900"
    found = faults(lambda: with_transfer(amount=secret + "x", currency=secret, at=secret, to={"number": {secret: 1}}))
    assert len(found) == 4
    assert secret not in str(found)


def test_a_time_more_than_two_minutes_ahead_is_refused_and_two_minutes_are_not() -> None:
    assert with_transfer(at="2026-11-24T15:02:00Z").transfers[0].at is not None
    assert list(faults(lambda: with_transfer(at="2026-11-24T15:02:01Z"))) == ["/transfers/0/at"]


def test_a_partial_time_keeps_its_precision_and_is_flagged() -> None:
    facts = with_transfer(at={"local": "2026-11-24", "zone": "Asia/Shanghai"})
    assert facts.transfers[0].at is not None
    assert facts.transfers[0].at.precision == "day"
    assert "time-imprecise" in codes(facts)


def test_the_zone_of_the_report_serves_times_without_one() -> None:
    facts = understand({"source_ref": "x", "zone": "Asia/Shanghai", "reported_at": "2026-11-24T22:50"}, now=NOW)
    assert facts.reported is not None
    assert facts.reported.earliest == datetime(2026, 11, 24, 14, 50, tzinfo=UTC)


def test_paid_after_it_was_reported_is_flagged_and_kept() -> None:
    assert "time-after-report" in codes(with_transfer(at="2026-11-24T22:55:00+08:00"))


@pytest.mark.parametrize(
    ("at", "is_old"),
    [
        ("2026-11-21T15:00:00Z", False),
        ("2026-11-21T14:59:59.999999Z", True),
        ({"local": "2026-11-21", "zone": "Asia/Shanghai"}, False),
        ({"local": "2026-11-20", "zone": "Asia/Shanghai"}, True),
    ],
    ids=["72 hours", "longer", "a day that may be within them", "a day that is not"],
)
def test_a_payment_surely_older_than_72_hours_is_flagged_and_taken(at: object, is_old: bool) -> None:
    facts = with_transfer(at=at)
    assert [flag.pointer for flag in facts.flags if flag.code == "payment-old"] == ["/transfers/0/at"] * is_old
    assert facts.transfers[0].at is not None


def test_of_history_no_payment_is_said_to_be_old() -> None:
    old = [{"at": "2020-01-01T00:00:00Z", "amount": 1}]
    assert "payment-old" not in codes(read(transfers=old, origin="historical"))
    assert "payment-old" in codes(read(transfers=old))


def test_a_loss_that_is_not_the_sum_is_flagged_and_kept() -> None:
    facts = read(loss={"amount": 50000, "currency": "CNY"})
    assert "loss-differs" in codes(facts)
    assert facts.loss_minor == 50000


def test_an_unknown_institution_is_a_lead_under_the_name_given() -> None:
    facts = with_transfer(to={"institution": "某某村镇银行", "number": "12345678"})
    assert facts.transfers[0].payee is not None
    assert facts.transfers[0].payee.institution == "某某村镇银行"


def test_only_a_hard_checksum_waits_for_a_person() -> None:
    hard = with_transfer(to={"institution": "HSBC_UK", "number": "GB82WEST12345698765433"})
    soft = with_transfer(to={"institution": "313651027013", "number": "6222021234567890123"})
    assert hard.confirmations == ("/transfers/0/to",)
    assert soft.confirmations == ()
    assert {"cnaps-checksum", "card-checksum"} <= codes(soft)


def test_doubtful_persons_are_flagged_and_kept() -> None:
    facts = read(victim={"name": "Ａ·甲\u202e", "id_no": "110105194912310021", "phone": "12345"})
    assert {"bidi-controls", "id-number-doubtful", "phone-doubtful"} <= codes(facts)
    assert facts.parties[0].name == "Ａ·甲\u202e"


def test_flags_hold_nothing_of_the_persons() -> None:
    facts = read(victim={"name": "秘密\u202e", "id_no": "999", "phone": "888"}, fraud_type="秘密")
    assert not any(word in str(facts.flags) for word in ("秘密", "999", "888"))


def test_the_origin_is_live_unless_told() -> None:
    assert read(origin="historical").origin == "historical"
    assert list(faults(lambda: read(origin="old"))) == ["/origin"]


def test_a_row_too_many_is_refused() -> None:
    assert len(understand({"source_ref": "x", "transfers": [{}] * 10_000}, now=NOW).transfers) == 10_000
    assert list(faults(lambda: read(transfers=[{}] * 10_001))) == ["/transfers"]


def test_an_answer_names_five_hundred_faults_and_counts_all() -> None:
    with pytest.raises(InvalidReport, match="600 places") as caught:
        read(transfers=[{"amount": -1}] * 600)
    assert len(caught.value.errors) == 500


@pytest.mark.parametrize("text", NAUGHTY)
def test_a_naughty_text_in_every_field_loses_nothing_and_breaks_nothing(text: str) -> None:
    end = dict.fromkeys(("institution", "number", "holder", "kind", "sub_ref"), text)
    transfer = dict.fromkeys(("reference", "reference_institution", "channel", "settlement", "note"), text) | {
        "to": end,
        "from": end,
    }
    party = dict.fromkeys(("name", "id_type", "id_no", "phone", "relation"), text)
    document = dict.fromkeys(("channel", "fraud_type", "narrative", "place", "taxonomy"), text)
    report = document | {"source_ref": "x" + text, "victim": party, "reporter": party, "transfers": [transfer]}
    facts = understand(loads(json.dumps(report).encode(), max_bytes=10**6), now=NOW)
    payee = facts.transfers[0].payee
    if text.strip():
        assert facts.narrative == facts.parties[0].name
        assert payee is not None
        assert payee.number is None or payee.number.isascii()


@given(VALUES)
def test_no_document_gives_anything_but_facts_or_a_problem(document: object) -> None:
    with suppress(Problem):
        understand(document, now=NOW)


@given(st.fixed_dictionaries({"source_ref": st.just("x")}, optional=dict.fromkeys(FIELDS, VALUES)))
def test_no_value_in_any_field_gives_anything_but_facts_or_a_problem(document: dict[str, object]) -> None:
    with suppress(Problem):
        understand(document, now=NOW)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("amount", "currency", "at", "reference", "hop", "note"), VALUES)
        | {
            end: st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("institution", "number", "holder", "kind", "sub_ref"), VALUES)
            )
            for end in ("from", "to")
        },
    )
)
def test_no_value_in_any_field_of_a_transfer_gives_anything_but_facts_or_a_problem(transfer: dict[str, object]) -> None:
    with suppress(Problem):
        understand({"source_ref": "x", "transfers": [transfer]}, now=NOW)
