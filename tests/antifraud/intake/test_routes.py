"""The reports API: each error says what to mend, all at once; nothing that was sent by a known source is lost."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tests.factories import reports
from tests.factories.doorway import PATH, Doorway, pointers, problem


def refused(doorway: Doorway) -> int:
    return doorway.count("reports", "state = 'refused'")


# -- who, how, how much


def test_without_a_token_or_with_an_unknown_or_revoked_one_nothing_is_stored(doorway: Doorway) -> None:
    for authorization in (None, "", "Bearer", "Bearer ", "Basic abc", f"Token {doorway.token()}", "Bearer unknown"):
        answer = doorway.post(doorway.report(), Authorization=authorization)
        problem(answer, 401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    token = doorway.token("counter")
    doorway.rows("UPDATE sources SET revoked_at = :at WHERE code = 'counter'", at=doorway.clock.now())
    told = problem(doorway.post(doorway.report(), source="counter"), 401, "not-authenticated")
    assert token not in json.dumps(told)
    assert doorway.count("reports") == 0


def test_the_scheme_of_the_token_is_read_in_any_case(doorway: Doorway) -> None:
    answer = doorway.post(doorway.report(), Authorization=f"bEARER   {doorway.token()} ")
    assert answer.status_code == 201


def test_a_key_that_is_missing_or_cannot_be_used_is_asked_for(doorway: Doorway) -> None:
    for key in (None, "", "   ", '""', "k" * 256, "schlüssel", "a\tb"):
        told = problem(doorway.post(doorway.report(), Idempotency_Key=key), 400, "idempotency-key-missing")
        assert "Idempotency-Key" in told["detail"]
    assert doorway.count("reports") == 0


def test_keys_of_every_length_up_to_the_longest_are_taken(doorway: Doorway) -> None:
    for number, key in enumerate(["k", "k" * 255, '"quoted"', "a b"]):
        assert doorway.post(doorway.report(f"{number}"), key=key).status_code == 201


def test_another_media_type_or_an_encoded_body_is_not_taken(doorway: Doorway) -> None:
    for content_type in (None, "text/plain", "application/x-www-form-urlencoded", "application/json-seq", "text/json"):
        told = problem(doorway.post(doorway.report(), Content_Type=content_type), 415, "unsupported-media-type")
        assert "application/json" in told["detail"]
    for coding in ("gzip", "deflate", "br", "identity, gzip", "zstd"):
        told = problem(doorway.post(doorway.report(), Content_Encoding=coding), 415, "unsupported-media-type")
        assert "Content-Encoding" in told["detail"]
    assert doorway.post(doorway.report(), Content_Type='Application/JSON; charset="utf-8"').status_code == 201


def test_a_body_over_the_limit_is_not_taken_and_one_at_the_limit_is(doorway: Doorway) -> None:
    document = json.dumps(doorway.report()).encode()
    problem(doorway.post(document + b" " * (1_000_001 - len(document))), 413, "body-too-large")
    assert doorway.count("reports") == 0
    assert doorway.post(document + b" " * (1_000_000 - len(document))).status_code == 201


def test_over_its_quota_a_source_is_told_when_to_come_back_and_a_repeated_key_is_still_answered(
    doorway: Doorway,
) -> None:
    doorway.rows("UPDATE sources SET quota_per_minute = 3 WHERE code = 'counter'")
    first = doorway.post(doorway.report("0"), key="k-0", source="counter")
    assert doorway.post(doorway.report("1"), source="counter").status_code == 201
    # What must be mended counts too, or a faulty sender could fill the database.
    problem(doorway.post(b"{}", source="counter"), 422, "invalid-report")
    for body in (doorway.report("2"), b"{}", b"no json"):
        answer = doorway.post(body, source="counter")
        problem(answer, 429, "quota-exceeded")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    again = doorway.post(doorway.report("0"), key="k-0", source="counter")
    assert (again.status_code, again.data, again.headers["Idempotent-Replayed"]) == (201, first.data, "true")
    assert doorway.count("reports") == 3


def test_what_other_sources_send_takes_nothing_of_a_quota(doorway: Doorway) -> None:
    doorway.rows("UPDATE sources SET quota_per_minute = 3 WHERE code = 'counter'")
    assert doorway.post(doorway.report("0"), source="counter").status_code == 201
    for number in range(1, 5):
        assert doorway.post(doorway.report(str(number))).status_code == 201
    for number in (5, 6):
        assert doorway.post(doorway.report(str(number)), source="counter").status_code == 201
    problem(doorway.post(doorway.report("7"), source="counter"), 429, "quota-exceeded")
    assert doorway.post(doorway.report("3"), source="110").status_code == 201
    doorway.clock.advance(timedelta(seconds=61))
    assert doorway.post(doorway.report("2"), source="counter").status_code == 201


# -- what


_DEEP = b"[" * 100_000 + b"]" * 100_000
MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", ""),
    "a word": (b"report", ""),
    "half": (b'{"source_ref": "1"', ""),
    "two values": (b"{}{}", ""),
    "a comment": (b'{"source_ref": "1" /* no */}', ""),
    "doubled keys": (b'{"source_ref": "1", "source_ref": "2"}', "/source_ref"),
    "doubled keys deep inside": (
        b'{"source_ref": "1", "transfers": [{"amount": 1, "amount": 2}]}',
        "/transfers/0/amount",
    ),
    "100,000 brackets": (_DEEP, ""),
    "NaN": (b'{"source_ref": "1", "transfers": [{"amount": NaN}]}', "/transfers/0/amount"),
    "-Infinity": (b'{"source_ref": "1", "transfers": [{"amount": -Infinity}]}', "/transfers/0/amount"),
    "1e400": (b'{"source_ref": "1", "transfers": [{"amount": 1e400}]}', "/transfers/0/amount"),
    "4,301 digits": (b'{"source_ref": "1", "transfers": [{"amount": ' + b"9" * 4301 + b"}]}", "/transfers/0/amount"),
    "an escaped NUL": (b'{"source_ref": "1\\u0000"}', "/source_ref"),
    "a NUL": (b'{"source_ref": "1\x00"}', ""),
    "half a surrogate pair": (b'{"source_ref": "1", "narrative": "\\ud83d"}', "/narrative"),
    "half a surrogate pair as a key": (b'{"source_ref": "1", "\\udc00": 1}', ""),
    "surrogates in UTF-8": (b'{"source_ref": "\xed\xa0\xbd"}', ""),
    "Latin 1": ('{"source_ref": "Müller"}'.encode("latin-1"), ""),
    "UTF-16": ('{"source_ref": "1"}'.encode("utf-16"), ""),
    "a byte order mark": (b'\xef\xbb\xbf{"source_ref": "1"}', ""),
}


def test_what_is_no_json_or_json_that_two_readers_read_in_two_ways_is_refused_and_kept(doorway: Doorway) -> None:
    for name, (body, place) in MALFORMED.items():
        told = problem(doorway.post(body), 400, "malformed-json")
        assert pointers(told) == [place], name
    assert refused(doorway) == len(MALFORMED)


def test_a_report_is_one_object(doorway: Doorway) -> None:
    for body in (b"[]", b"null", b"1", b'"110"', b"true"):
        told = problem(doorway.post(body), 422, "invalid-report")
        assert pointers(told) == [""]
        assert "curly brackets" in told["errors"][0]["detail"]


def test_every_fault_of_a_report_is_told_at_once_with_its_place_and_what_to_mend(doorway: Doorway) -> None:
    now = doorway.clock.now()
    faulty = {
        "source_ref": 110,
        "channel": ["110"],
        "origin": "yesterday",
        "reported_at": "2026-11-24T22:00:00",
        "zone": "Mars/Olympus",
        "narrative": {},
        "colour": "red",
        "victim": {"name": 1, "age": 30},
        "reporter": [],
        "loss": {"amount": 420.5, "currency": "XXX"},
        "transfers": [
            {"amount": 420.5, "currency": "CNY", "at": (now + timedelta(hours=1)).isoformat()},
            {"amount": 589.1, "currency": "JPY", "at": "2016-12-31T23:59:60Z", "hop": "1"},
            {"amount": 10**38, "currency": "RMB", "at": "2026-11-24"},
            {"amount": -1, "from": "ICBC", "to": {"number": 6222021234567890128, "bank": "ICBC"}},
            {"amount": True, "at": 1764000000, "hop": 1001},
            "a transfer",
        ],
        "authority": {"documents": "all"},
    }
    told = problem(doorway.post(faulty), 422, "invalid-report")
    found = set(pointers(told))
    assert found == {
        "/source_ref",
        "/channel",
        "/origin",
        "/reported_at",
        "/narrative",
        "/colour",
        "/victim/name",
        "/victim/age",
        "/reporter",
        "/loss/amount",
        "/loss/currency",
        "/transfers/0/amount",
        "/transfers/0/at",
        "/transfers/1/amount",
        "/transfers/1/at",
        "/transfers/1/hop",
        "/transfers/2/amount",
        "/transfers/2/currency",
        "/transfers/2/at",
        "/transfers/3/amount",
        "/transfers/3/from",
        "/transfers/3/to/number",
        "/transfers/3/to/bank",
        "/transfers/4/amount",
        "/transfers/4/at",
        "/transfers/4/hop",
        "/transfers/5",
        "/authority/documents",
    }
    assert str(len(told["errors"])) in told["detail"]
    assert refused(doorway) == 1


def test_what_a_sender_calls_a_field_is_told_back_and_not_kept_in_the_open(doorway: Doorway) -> None:
    told = problem(doorway.post(doorway.report(victim={"name": "a", "王小明": 1}, 李四=2)), 422, "invalid-report")
    assert set(pointers(told)) == {"/victim/王小明", "/李四"}
    (row,) = doorway.rows("SELECT flags FROM reports")
    assert sorted(flag["pointer"] for flag in row.flags) == ["", "/victim"]


AMOUNTS: list[tuple[object, str, int]] = [
    (1, "CNY", 1),
    ("４２０００００", "ＣＮＹ", 4_200_000),
    (4_200_000.0, "CNY", 4_200_000),
    (2**31, "JPY", 2**31),
    (2**53, "CNY", 2**53),
    (2**63, "CNY", 2**63),
    ("9" * 38, "USDT@tron", 10**38 - 1),
    (10**38 - 1, "CNY", 10**38 - 1),
]


def test_an_amount_reaches_the_order_exactly(doorway: Doorway) -> None:
    for number, (amount, currency, minor) in enumerate(AMOUNTS):
        line = doorway.transfer(amount=amount, currency=currency, reference=f"A{number}")
        told = doorway.accepted(doorway.report(f"{number}", transfers=[line]))
        found = doorway.rows(
            "SELECT CAST(h.traced_minor AS text), CAST(t.amount_minor AS text)"
            " FROM holds h JOIN transfers t ON t.id = h.receipt_id WHERE h.case_id = :id",
            id=told["case"]["id"],
        )
        assert [(int(held), int(moved)) for held, moved in found] == [(minor, minor)]


NO_AMOUNTS = [0, -1, 0.1, "1.5", "1e3", "١٢٣", "²", "0x10", 10**38, "9" * 39, [], {}, False, "1_0"]


def test_what_is_no_whole_positive_number_of_minor_units_is_no_amount(doorway: Doorway) -> None:
    lines = [doorway.transfer(amount=amount) for amount in NO_AMOUNTS]
    told = problem(doorway.post(doorway.report(transfers=lines)), 422, "invalid-report")
    assert pointers(told) == [f"/transfers/{number}/amount" for number in range(len(NO_AMOUNTS))]


def test_digits_typed_wide_are_the_same_account(doorway: Doorway) -> None:
    wide = reports.PROMPT_ACCOUNT.translate({ord("0") + n: ord("０") + n for n in range(10)})
    told = doorway.accepted(
        doorway.report(
            transfers=[
                doorway.transfer(to={"institution": "ＳＩＭ－ＰＲＯＭＰＴ", "number": f" {wide[:4]} {wide[4:]}"})
            ]
        )
    )
    assert [(one["institution"], one["account"]) for one in told["requests"]] == [("SIM-PROMPT", "SIM-PROMPT ··0018")]


def test_a_payment_of_days_ago_and_one_without_any_detail_are_taken(doorway: Doorway) -> None:
    old = (doorway.clock.now() - timedelta(days=400)).isoformat()
    assert doorway.accepted(doorway.report("1", transfers=[{**doorway.transfer(), "at": old}]))["requests"]
    told = doorway.accepted(doorway.report("0", transfers=[doorway.transfer(currency=None, reference="0")]))
    assert [flag["code"] for flag in told["flags"]] == ["currency-missing"]
    assert len(told["requests"]) == 1
    told = doorway.accepted({"source_ref": "2", "transfers": [{}]})
    assert {flag["code"] for flag in told["flags"]} >= {"payee-missing", "amount-missing", "time-missing"}
    told = doorway.accepted({"source_ref": "3"})
    assert told["requests"] == []


# -- what waits for a person


TRON_WRONG = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u"
EVM_WRONG = "0x52908400098527886E0F7030069857D2E4169Ee7"
IBAN_WRONG = "DE89370400440532013001"


DOUBTFUL: list[tuple[dict[str, str] | None, str, str, str]] = [
    ({"institution": "SIM-PROMPT", "number": IBAN_WRONG}, "110", "confirm_account", "checksum"),
    ({"institution": "SIM-PROMPT", "number": TRON_WRONG}, "110", "confirm_account", "checksum"),
    ({"institution": "SIM-PROMPT", "number": EVM_WRONG}, "110", "confirm_account", "checksum"),
    (
        {"institution": "SIM-PROMPT", "number": "9991010000000018", "kind": "pooled"},
        "110",
        "confirm_account",
        "pooled_account",
    ),
    (
        {"institution": "SIM-PROMPT", "number": "9991010000000018", "kind": "settlement"},
        "110",
        "confirm_account",
        "pooled_account",
    ),
    ({"institution": "SIM-PROMPT", "number": "9991010000000018"}, "public", "confirm_account", "source_trust"),
    ({"institution": "没有的银行", "number": "6222021234567890128"}, "110", "resolve_lead", "lead"),
    ({"institution": "SIM-PROMPT", "number": "6222 **** **** 0128"}, "110", "resolve_lead", "lead"),
    ({"institution": "SIM-PROMPT", "number": "尾号0128"}, "110", "resolve_lead", "lead"),
    ({"institution": "SIM-PROMPT"}, "110", "resolve_lead", "lead"),
    (None, "110", "resolve_lead", "lead"),
]


def test_a_doubtful_account_is_taken_and_waits_for_a_person_without_an_order(doorway: Doorway) -> None:
    for number, (to, source, task, reason) in enumerate(DOUBTFUL):
        line = doorway.transfer(to=to, reference=f"W{number}")
        told = doorway.accepted(doorway.report(f"{number}", transfers=[line]), source=source)
        assert (told["requests"], told["waiting_for_a_person"]) == ([], 1), to
        found = doorway.rows("SELECT kind, reason FROM tasks WHERE case_id = :id", id=told["case"]["id"])
        assert [(row.kind, row.reason) for row in found] == [(task, reason)], to
    assert doorway.count("outbox") == 0
    assert doorway.count("leads") == sum(task == "resolve_lead" for _, _, task, _ in DOUBTFUL)


SOUND = ("6222021234567890127", "DE89370400440532013000", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", EVM_WRONG.lower())


def test_a_sound_checksum_and_a_wrong_luhn_digit_let_the_order_leave(doorway: Doorway) -> None:
    for number in SOUND:
        line = doorway.transfer(to={"institution": "SIM-PROMPT", "number": number}, reference=number)
        told = doorway.accepted(doorway.report(number, transfers=[line]))
        assert len(told["requests"]) == 1, number
        assert ("card-checksum" in {flag["code"] for flag in told["flags"]}) == number.startswith("62")
    assert doorway.count("outbox") == len(SOUND)


def test_history_is_refused_from_a_source_that_may_not_send_it(doorway: Doorway) -> None:
    told = problem(doorway.post(doorway.report(origin="historical")), 422, "invalid-report")
    assert pointers(told) == ["/origin"]
    assert refused(doorway) == 1


# -- again


def test_the_same_key_gets_the_same_bytes_marked_as_replayed(doorway: Doorway) -> None:
    first = doorway.post(doorway.report(), key="k")
    doorway.clock.advance(timedelta(days=40))
    again = doorway.post(doorway.report("110-1"), key="k")
    problem(again, 422, "key-reused")  # the report of forty days later is another body
    doorway.clock.set(doorway.clock.now() - timedelta(days=40))
    again = doorway.post(doorway.report(), key="k")
    assert (again.status_code, again.data, again.headers["Idempotent-Replayed"]) == (201, first.data, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert doorway.count("reports", "state = 'understood'") == 1


def test_the_same_report_under_a_second_key_is_known_and_the_second_key_stands_for_it_too(doorway: Doorway) -> None:
    first = doorway.post(doorway.report(), key="k1")
    second = doorway.post(doorway.report(), key="k2")
    assert (second.data, second.headers["Idempotent-Replayed"]) == (first.data, "true")
    problem(doorway.post(doorway.report("other"), key="k2"), 422, "key-reused")
    assert doorway.count("cases") == 1


def test_the_same_key_of_two_sources_are_two_keys(doorway: Doorway) -> None:
    assert doorway.post(doorway.report(), key="k", source="110").status_code == 201
    assert doorway.post(doorway.report(), key="k", source="96110").status_code == 201


def test_another_body_under_a_used_key_or_reference_is_refused_and_kept(doorway: Doorway) -> None:
    doorway.post(doorway.report(), key="k")
    problem(doorway.post(doorway.report("other"), key="k"), 422, "key-reused")
    told = problem(doorway.post(doorway.report(narrative="more"), key="k2"), 409, "source-ref-reused")
    assert pointers(told) == ["/source_ref"]
    assert "correction" in told["detail"]
    problem(doorway.post(b"{}", key="k"), 422, "invalid-report")
    assert (refused(doorway), doorway.count("reports", "state = 'understood'")) == (3, 1)


def test_a_report_that_was_mended_is_taken_under_the_same_key(doorway: Doorway) -> None:
    problem(doorway.post(doorway.report(colour="red"), key="k"), 422, "invalid-report")
    assert doorway.post(doorway.report(), key="k").status_code == 201


def test_a_key_still_at_work_is_told_to_come_back(doorway: Doorway) -> None:
    """The first transaction is held open: here by the lock that it takes, from a real second connection."""
    source = reports.source(doorway.installation, doorway.centre)
    key_hash = doorway.installation.vault.blind("idempotency.key", f"{source.id}|k")
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key_hash.hex()})
        answer = doorway.post(doorway.report(), key="k")
        problem(answer, 409, "key-in-progress")
        assert int(answer.headers["Retry-After"]) >= 1
        assert doorway.post(doorway.report("other"), key="other").status_code == 201
    assert doorway.post(doorway.report(), key="k").status_code == 201
    assert refused(doorway) == 0


def test_a_forgotten_report_is_not_accepted_a_second_time(doorway: Doorway) -> None:
    doorway.post(doorway.report(), key="k")
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        key_id = connection.scalar(text("SELECT key_id FROM reports"))
        doorway.installation.vault.destroy(connection, key_id, doorway.clock.now())
    told = problem(doorway.post(doorway.report(), key="k"), 422, "key-reused")
    assert "forgotten" in told["detail"]
    assert doorway.count("cases") == 1


def test_an_answer_stays_the_same_when_the_source_has_lost_its_rights_since(doorway: Doorway) -> None:
    history: dict[str, Any] = doorway.report(origin="historical")
    first = doorway.post(history, key="k", source="import")
    doorway.rows("UPDATE sources SET may_send_history = false WHERE code = 'import'")
    again = doorway.post(history, key="k", source="import")
    assert (again.status_code, again.data) == (201, first.data)


def test_the_address_takes_posts_only(doorway: Doorway) -> None:
    client = doorway.app.test_client()
    for method in ("get", "put", "delete", "patch"):
        answer = getattr(client, method)(PATH)
        problem(answer, 405, "method-not-allowed")
        assert "POST" in answer.headers["Allow"]


def test_an_institution_that_the_directory_does_not_know_is_flagged_with_what_to_do_and_asks_nobody(
    doorway: Doorway,
) -> None:
    unknown = {"institution": "某某村镇银行", "number": "6222021234567890128", "holder": "李四"}
    told = doorway.accepted(doorway.report(transfers=[doorway.transfer(to=unknown)]))
    flags = [flag for flag in told["flags"] if flag["code"] == "institution-unknown"]
    assert [flag["pointer"] for flag in flags] == ["/transfers/0/to/institution"]
    assert "code or full name" in flags[0]["detail"]
    assert "某某" not in json.dumps(told["flags"], ensure_ascii=False)
    assert (told["requests"], doorway.tasks()) == ([], ["resolve_lead"])
    kept = doorway.rows("SELECT flags FROM reports")[0].flags
    assert {"pointer": "/transfers/0/to/institution", "code": "institution-unknown"} in kept


def test_a_known_institution_and_the_victims_own_are_not_flagged_as_unknown(doorway: Doorway) -> None:
    own = {"institution": "某某村镇银行", "number": "6222021234567890128", "holder": "王小明"}
    lines = [doorway.transfer(), doorway.transfer(to=own, hop=0, reference="R0")]
    told = doorway.accepted(doorway.report(transfers=lines))
    assert "institution-unknown" not in {flag["code"] for flag in told["flags"]}
    assert [request["institution"] for request in told["requests"]] == ["SIM-PROMPT"]
