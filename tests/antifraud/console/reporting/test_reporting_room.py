"""The room where reports are taken, as a browser with and without a script sees it."""

# ruff: noqa: ANN401 - fields of a form

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from werkzeug.test import TestResponse

from antifraud.app import create_app
from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.metrics import REPORTS
from antifraud.installation import Installation
from tests.factories.cases import Story
from tests.factories.people import signed_in
from tests.factories.reports import PROMPT_ACCOUNT
from tests.factories.wire import at_once, number_of

PAYEE = number_of("SIM-PROMPT", 7)
MESSAGE = (
    "【石门银行】您尾号5508的账户11月24日21:36转账支出人民币42,000.00元，收款方李**，"
    f"账号{PAYEE[:4]} {PAYEE[4:8]} {PAYEE[8:12]} {PAYEE[12:]}，余额 310.26 元。"
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e{{7*7}}%(x)s\x00"


class Browser:
    """One operator's browser: pages, and what the page's script posts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""
        self.no = 0

    def get(self, address: str) -> str:
        answer = self.client.get(address, follow_redirects=True)
        assert answer.status_code == 200, answer.text[:300]
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        assert found is not None
        self.token = found[1]
        number = re.search(r'data-no="(\d+)"', answer.text)
        self.no = int(number[1]) if number else self.no
        return str(answer.text)

    def begin(self) -> str:
        return self.get("/reports/new")

    def post(self, do: str = "save", *, seen: int = 99, **fields: Any) -> TestResponse:
        """Post a form as a browser without a script does."""
        data = {"csrf_token": self.token, "do": do, "seen": str(seen), **fields}
        return self.client.post(f"/reports/new/{self.no}", data=data)

    def script(self, do: str = "save", *, seen: int = 99, status: int = 200, **fields: Any) -> dict[str, Any]:
        """Post as the page's script does; return what it is told."""
        data = {"do": do, "seen": str(seen), **fields}
        headers = {"X-CSRFToken": self.token, "X-Requested-With": "fetch"}
        answer = self.client.post(f"/reports/new/{self.no}", data=data, headers=headers)
        assert answer.status_code == status, answer.text[:500]
        told: dict[str, Any] = json.loads(answer.data)
        return told

    def type(self, **fields: Any) -> dict[str, Any]:
        return self.script("save", **fields)


@pytest.fixture
def browser(app: Flask, installation: Installation, drill: Centre) -> Callable[[str], Browser]:
    def opened(name: str) -> Browser:
        return Browser(signed_in(app, installation, drill, name=name))

    return opened


@pytest.fixture
def chen(browser: Callable[[str], Browser]) -> Browser:
    found = browser("chenjing")
    found.begin()
    return found


def count(installation: Installation, centre: Centre, table: str) -> int:
    with installation.database.begin(centre.id) as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - our own words


def test_a_draft_has_its_number_before_the_first_key_and_the_empty_one_is_taken_again(chen: Browser) -> None:
    first = chen.no
    assert f"草稿 {first:04d}" in chen.begin()
    assert chen.no == first


def test_one_paste_fills_the_fields_and_shows_each_piece_where_it_stands(chen: Browser) -> None:
    told = chen.type(paste=MESSAGE)
    assert told["values"]["amount"] == "42,000.00元"
    assert told["shown"]["account"] == f"{PAYEE[:4]} {PAYEE[4:8]} {PAYEE[8:12]} {PAYEE[12:]}"
    assert told["shown"]["amount"] == "42,000.00"
    assert told["shown"]["time"] == "11-24 21:36"
    assert told["values"]["name"] == "李**"
    assert "<mark>42,000.00元<sup>金额</sup></mark>" in told["parts"]["marks"]
    assert "肆万贰仟元整" in told["fields"]["amount"]
    assert "云杉银行" in told["fields"]["account"]
    assert "四万两千元" in told["parts"]["readback"]
    assert count_of(told, "发往 云杉银行") == 1


def count_of(told: dict[str, Any], words: str) -> int:
    return str(told["parts"]["sendbar"]).count(words)


def test_a_paste_never_overwrites_what_somebody_typed(chen: Browser) -> None:
    chen.type(amount="420")
    assert chen.type(paste=MESSAGE)["values"]["amount"] == "420"


def test_money_that_came_in_fills_nothing(chen: Browser) -> None:
    told = chen.type(paste="您尾号0307的账户11月24日14时46分汇入收入人民币153.04元,余额13956.29元。[云杉银行]")
    assert set(told["values"]) == {"paste"}
    assert "入账" in told["parts"]["marks"]


def test_the_bar_names_what_is_missing_and_pressing_it_tells_where_to_go(
    chen: Browser, installation: Installation, drill: Centre
) -> None:
    told = chen.script("send", status=422, account=PAYEE)
    assert told["focus"] == "f-amount"
    assert "还差" in told["parts"]["sendbar"]
    assert 'data-field="time"' in told["parts"]["sendbar"]
    assert count(installation, drill, "reports") == 0


def test_a_field_error_stands_beside_the_field_and_in_the_summary_with_an_example_and_the_value_stays(
    chen: Browser,
) -> None:
    told = chen.type(account=PAYEE, amount="4,2", time="今天23:50")
    assert "可能是两个数" in told["fields"]["amount"]
    assert "42000" in told["fields"]["amount"]
    assert 'href="#f-amount"' in told["parts"]["summary"]
    assert told["values"]["amount"] == "4,2"
    page = chen.get(f"/reports/new/{chen.no}")
    assert 'value="4,2"' in page
    assert 'aria-invalid="true"' in page


def test_sending_needs_account_amount_and_time_only_and_the_receipt_shows_case_and_countdown(
    chen: Browser, installation: Installation, drill: Centre
) -> None:
    told = chen.script("send", account=PAYEE, amount="4.2w", time="21:36")
    assert told["state"] == "sent"
    page = chen.get(told["location"])
    assert re.search(r"已发出：案件 2026-000001-\w", page)
    assert 'role="timer"' in page
    assert "data-due=" in page
    assert re.search(r'data-for-part="victim"[^>]* open><summary autofocus', page)
    assert count(installation, drill, "requests") == 1


def test_the_second_press_changes_nothing(chen: Browser, installation: Installation, drill: Centre) -> None:
    facts: dict[str, Any] = {"account": PAYEE, "amount": "4.2w", "time": "21:36"}
    opened = REPORTS.labels("opened")
    counted = opened._value.get()
    first = chen.script("send", **facts)
    again = chen.script("send", **facts)
    assert (first["state"], again["state"]) == ("sent", "sent")
    assert opened._value.get() == counted + 1
    assert count(installation, drill, "reports") == 1


def test_two_presses_at_once_from_two_tabs_make_one_report(
    chen: Browser, browser: Callable[[str], Browser], installation: Installation, drill: Centre
) -> None:
    chen.type(account=PAYEE, amount="4.2w", time="21:36")
    tabs = [chen, browser("chenjing")]
    tabs[1].get(f"/reports/new/{chen.no}")
    states = at_once(lambda place: tabs[place].script("send")["state"], 2)
    assert states == ["sent", "sent"]
    assert count(installation, drill, "reports") == 1
    assert count(installation, drill, "requests") == 1


def test_a_server_killed_between_saving_and_sending_loses_nothing(
    chen: Browser, installation: Installation, drill: Centre
) -> None:
    chen.type(account=PAYEE, amount="4.2w", time="just now", victim_name="王小明")
    fresh = Browser(signed_in(create_app(installation), installation, drill, name="chenjing"))
    page = fresh.get(f"/reports/new/{chen.no}")
    assert 'value="王小明"' in page
    assert "11-24 22:00" in page
    assert fresh.script("send")["state"] == "sent"


def test_just_now_is_kept_as_the_minute_that_it_was(chen: Browser, clock: FrozenClock) -> None:
    assert chen.type(time="刚刚")["values"]["time"] == "11-24 22:00"
    clock.advance(timedelta(minutes=9))
    assert chen.script("look")["shown"]["time"] == "11-24 22:00"


def test_the_second_operator_sees_the_draft_read_only_and_takes_it_over(
    chen: Browser, browser: Callable[[str], Browser]
) -> None:
    chen.type(amount="42000")
    liu = browser("liuyang")
    assert f"继续草稿 {chen.no:04d}" in liu.get("/reports/new?all=1")
    page = liu.get(f"/reports/new/{chen.no}")
    assert "chenjing 正在编辑" in page
    assert "data-readonly" in page
    assert liu.script("save", status=409, amount="1")["values"]["amount"] == "42000"
    assert liu.script("take")["mine"] is True
    assert chen.script("save", status=409, amount="2")["mine"] is False


def test_a_field_that_another_changed_is_shown_with_both_values(
    chen: Browser, browser: Callable[[str], Browser], clock: FrozenClock
) -> None:
    seen = chen.type(amount="42000")["version"]
    liu = browser("liuyang")
    liu.get(f"/reports/new/{chen.no}")
    liu.script("take")
    clock.advance(timedelta(seconds=8))
    liu.type(amount="420000")
    chen.script("take")
    told = chen.script("save", seen=seen, status=409, amount="42001")
    assert "liuyang" in told["parts"]["conflicts"]
    assert "42001" in told["parts"]["conflicts"]
    assert "420000" in told["parts"]["conflicts"]
    assert told["values"]["amount"] == "420000"
    assert chen.script("save", seen=told["version"], amount="42001")["values"]["amount"] == "42001"


def test_what_was_not_saved_when_another_took_over_is_told_when_it_is_taken_back(
    chen: Browser, browser: Callable[[str], Browser]
) -> None:
    seen = chen.type(amount="42000")["version"]
    liu = browser("liuyang")
    liu.get(f"/reports/new/{chen.no}")
    liu.script("take")
    liu.type(amount="420000")
    back = chen.script("take", seen=seen, status=409, amount="42001", name="李")
    assert back["mine"] is True
    assert "42001" in back["parts"]["conflicts"]
    assert back["values"]["amount"] == "420000"
    assert back["values"]["name"] == "李"


def test_the_open_draft_is_offered_first(chen: Browser) -> None:
    chen.type(amount="1")
    page = chen.get("/reports/new")
    assert re.search(r'data-act="continue" autofocus', page)
    assert "另开一份" in page


def test_a_discarded_draft_is_gone(chen: Browser) -> None:
    chen.type(amount="1")
    assert chen.script("discard")["location"] == "/reports/new"
    assert chen.client.get(f"/reports/new/{chen.no}").status_code == 404


def test_without_a_script_the_form_saves_says_what_is_missing_and_sends(chen: Browser) -> None:
    answer = chen.post("save", amount="42000")
    assert answer.status_code == 302
    assert 'value="42,000.00"' in chen.get(f"/reports/new/{chen.no}")
    refused = chen.post("send", amount="42000")
    assert refused.status_code == 422
    assert "还差" in refused.text
    sent = chen.post("send", account=PAYEE, amount="42000", time="21:00")
    assert sent.status_code == 302
    assert "已发出" in chen.get(sent.headers["Location"])
    told = chen.post("complete:victim", victim_name="王小明", victim_phone="13800138000")
    assert told.status_code == 302
    assert "已补入案件" in chen.get(told.headers["Location"])


def test_another_row_without_a_script_and_its_own_order(
    chen: Browser, installation: Installation, drill: Centre
) -> None:
    answer = chen.post("add", account=PAYEE, amount="42000", time="21:00")
    assert answer.headers["Location"].endswith("rows=2")
    assert 'name="account_2"' in chen.get(answer.headers["Location"])
    other = number_of("SIM-SLOW", 3)
    chen.post("send", account_2=other, amount_2="8万", time_2="21:10")
    assert count(installation, drill, "requests") == 2


def test_an_account_under_a_stop_is_told_at_once_and_merging_sends_no_second_stop(
    chen: Browser, installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(installation, drill, clock).stopped()
    clock.advance(timedelta(minutes=3))
    told = chen.type(account=PROMPT_ACCOUNT, bank="SIM-PROMPT", amount="1300", time="22:01")
    assert "很可能还在" in told["parts"]["dups"]
    (case_no,) = told["matches"]
    merged = chen.script(f"merge:{case_no}")
    assert f"追加到案件 {case_no}" in merged["parts"]["sendbar"]
    sent = chen.script("send")
    assert sent["state"] == "sent"
    assert count(installation, drill, "cases") == 1
    with installation.database.begin(drill.id) as connection:
        kinds = connection.execute(text("SELECT kind, supplement FROM requests ORDER BY created_at")).all()
    assert [tuple(row) for row in kinds] == [("stop", False), ("stop", True)]


def test_no_match_is_said_and_a_failed_look_up_never_looks_like_it(chen: Browser, installation: Installation) -> None:
    assert "没有相同报案" in chen.type(account=PAYEE)["parts"]["dups"]
    engine = create_engine(installation.settings.database_url or "")
    with engine.begin() as connection:
        connection.exec_driver_sql("REVOKE SELECT ON parties FROM antifraud_app")
    told = chen.type(victim_phone="13800138000")["parts"]["dups"]
    with engine.begin() as connection:
        connection.exec_driver_sql("GRANT SELECT ON parties TO antifraud_app")
    engine.dispose()
    assert "没能查成" in told
    assert "电话: 没有相同报案" not in told


def test_a_bank_is_chosen_by_its_initials_and_an_ambiguous_one_is_asked_about(chen: Browser) -> None:
    told = chen.type(account="02001234567890123", bank="ysyh")
    assert told["shown"]["bank"] == "云杉银行"
    told = chen.type(bank="无此银行业")
    assert "没有这家银行" in told["fields"]["bank"]
    told = chen.type(bank="农业")
    assert 'data-act="pick"' in told["fields"]["bank"]


def test_hostile_text_in_every_field_is_shown_as_text(chen: Browser) -> None:
    fields = (
        *("account", "bank", "amount", "time", "name", "payer_bank", "payer_account", "reference", "paste"),
        *("victim_name", "victim_phone", "victim_id_no", "reporter_name", "reporter_phone", "relation"),
        *("narrative", "place", "category", "merge", "link", "different", "account_2", "amount_2"),
    )
    told = chen.type(**dict.fromkeys(fields, HOSTILE))
    page = chen.get(f"/reports/new/{chen.no}")
    for shown in (page, *told["parts"].values(), *told["fields"].values()):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    assert "49" not in told["values"]["name"]


def test_who_may_not_take_reports_sees_no_such_page(
    app: Flask, installation: Installation, drill: Centre, chen: Browser
) -> None:
    auditor = signed_in(app, installation, drill, ("auditor",))
    for address in ("/reports/new", f"/reports/new/{chen.no}"):
        assert auditor.get(address).status_code == 404
    assert app.test_client().get("/reports/new").status_code == 302


def test_a_draft_of_another_centre_is_no_page(
    app: Flask, installation: Installation, live: Centre, chen: Browser
) -> None:
    chen.type(amount="42000")
    stranger = signed_in(app, installation, live, name="elsewhere")
    assert stranger.get(f"/reports/new/{chen.no}").status_code == 404


def test_the_page_in_english_reads_back_in_english(chen: Browser, installation: Installation, drill: Centre) -> None:
    with installation.database.begin(drill.id) as connection:
        connection.execute(text("UPDATE users SET locale = 'en' WHERE name = 'chenjing'"))
    told = chen.type(paste=MESSAGE)
    assert "you paid <b>42,000 yuan</b>" in told["parts"]["readback"]
    assert f'ending <b class="num nowrap">{" ".join(PAYEE[-4:])}</b>' in told["parts"]["readback"]
    assert "To Spruce Bank (direct line)" in told["parts"]["sendbar"]
