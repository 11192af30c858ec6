"""The page of a case: who may see it, what it never shows, what can be done on it, and what is refused."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.verification.service import verify
from tests.antifraud.console.casework.conftest import Browser
from tests.factories.cases import HELD, Story
from tests.factories.reports import PROMPT_ACCOUNT

People = Callable[..., Browser]
SECRETS = ("王小明", "李四", "13800138000", "6222021234567890128", PROMPT_ACCOUNT)


def page_of(story: Story) -> str:
    return f"/cases/{story.told['case']['no']}"


def value(story: Story, sql: str) -> Any:  # noqa: ANN401 - a value of any column
    return story.value(sql)


def assert_record_holds(installation: Installation, centre: Centre) -> None:
    """Replay the log of the centre: rows, chains and seals agree with it."""
    found = [one for outcome in verify(installation, centre) for one in outcome.differences]
    assert not found, found


@contextmanager
def counted(installation: Installation) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Connection, _k: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(installation.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(installation.database.engine, "before_cursor_execute", note)


def test_the_page_names_nobody_and_no_account_in_full(story: Story, people: People) -> None:
    story.stopped()
    for path in (page_of(story), f"{page_of(story)}/parts", f"{page_of(story)}/latest", "/cases"):
        shown = people("operator").text(path)
        assert not [secret for secret in SECRETS if secret in shown], path
        assert "style=" not in shown
    whole = people("operator").text(page_of(story))
    assert "王**" in whole
    assert "9991 **** 0018" in whole
    assert "138****8000" in whole


def test_operators_supervisors_and_auditors_see_a_case_and_administrators_do_not(story: Story, people: People) -> None:
    for role, status in (("operator", 200), ("supervisor", 200), ("auditor", 200), ("administrator", 404)):
        for path in (page_of(story), f"{page_of(story)}/parts", "/cases"):
            assert people(role).get(path).status_code == status, (role, path)


def test_an_auditor_finds_no_act_and_a_hand_made_one_does_not_exist(story: Story, people: People) -> None:
    auditor = people("auditor")
    assert "/acts/" not in auditor.text(page_of(story))
    sent = auditor.post(f"{page_of(story)}/acts/file", document="云公立字1号")
    assert sent.status_code == 404
    assert value(story, "SELECT count(*) FROM documents") == 0


def test_another_centre_s_case_does_not_exist(story: Story, people: People, live: Centre) -> None:
    stranger = people("operator", name="stranger", centre=live)
    assert stranger.get(page_of(story)).status_code == 404
    assert stranger.post(f"{page_of(story)}/acts/file", document="x").status_code == 404
    assert stranger.post(f"{page_of(story)}/reveal", kind="party", subject="x", reason="call_bank").status_code == 404
    assert stranger.get("/cases/2026-999999-A").status_code == 404
    assert stranger.get("/cases/../etc").status_code == 404


def test_the_sums_of_the_page_are_the_loss(story: Story, people: People) -> None:
    request_id = story.request()
    story.deliver(request_id)
    story.answer(request_id, "partial", held_minor=1_000_000)
    shown = people("operator").text(page_of(story))
    sums = dict(re.findall(r'data-sum="(\w+)">¥([\d,.]+)', shown))
    assert sums == {"loss": "42,000.00", "stopped": "10,000.00", "pursuit": "0.00", "gone": "32,000.00"}


def test_a_request_shows_its_limit_then_whether_it_was_kept(story: Story, people: People, clock: FrozenClock) -> None:
    request_id = story.request()
    story.deliver(request_id)
    waiting = people("operator").text(page_of(story))
    assert f'id="request-{request_id}"' in waiting
    assert 'role="timer"' in waiting
    clock.advance(timedelta(minutes=2))
    story.answer(request_id, "full", held_minor=HELD)
    answered = people("operator").text(page_of(story))
    assert 'data-verdict="in_time"' in answered
    assert "第 1 次 / 共 2 次" in answered


def test_filing_freezing_and_approving_over_http(story: Story, people: People, installation: Installation) -> None:
    story.stopped()
    anna, bert = people("operator", name="anna"), people("supervisor", name="bert")
    assert anna.post(f"{page_of(story)}/acts/file", document="云公立字1号").status_code == 303
    assert value(story, "SELECT state->>'filing' FROM procedures WHERE case_id = :case") == "filed"
    asked = anna.post(
        f"{page_of(story)}/acts/measure",
        subject=story.hold(),
        measure="freeze",
        amount="42,000.00",
        documents="云公冻字7号",
        ask_reason="case_filed",
    )
    assert asked.status_code == 303
    approval = story.id_of("SELECT id FROM approvals WHERE case_id = :case")
    card = bert.text("/approvals")
    assert "通知" in card
    assert "云公冻字7号" in card
    assert not [secret for secret in SECRETS if secret in card]
    assert bert.post(f"/approvals/{approval}", decision="approve").status_code == 303
    assert value(story, "SELECT kind FROM requests WHERE case_id = :case AND kind = 'freeze'") == "freeze"
    assert value(story, "SELECT decided_by FROM approvals WHERE case_id = :case") == "user:bert"
    assert_record_holds(installation, story.centre)


@pytest.mark.parametrize("trick", ["by hand", "after a change of roles", "by another login of the same person"])
def test_who_asked_never_approves(story: Story, people: People, installation: Installation, trick: str) -> None:
    story.stopped()
    anna = people("supervisor", name="anna") if trick != "after a change of roles" else people("operator", name="anna")
    anna.post(
        f"{page_of(story)}/acts/measure",
        subject=story.hold(),
        measure="release",
        documents="云公解字1号",
        ask_reason="unrelated_payment",
    )
    approval = story.id_of("SELECT id FROM approvals WHERE case_id = :case")
    if trick == "after a change of roles":
        _sql(installation, story.centre, "UPDATE users SET roles = '{supervisor}' WHERE name = 'anna'")
    if trick == "by another login of the same person":
        anna = people("supervisor", name="anna-2")
        _sql(
            installation,
            story.centre,
            "UPDATE users SET person_id = (SELECT person_id FROM users WHERE name = 'anna') WHERE name = 'anna-2'",
        )
    card = anna.text(f"/approvals/{approval}")
    assert 'data-act="approve"' not in card
    assert 'id="bars"' in card
    assert anna.post(f"/approvals/{approval}", decision="approve", tail="0018").status_code == 403
    assert value(story, "SELECT state FROM approvals WHERE case_id = :case") == "waiting"


def _sql(installation: Installation, centre: Centre, statement: str) -> None:
    with installation.database.begin(centre.id) as connection:
        connection.execute(text(statement))


def test_a_release_wants_evidence_then_the_typed_tail(story: Story, people: People) -> None:
    story.stopped()
    anna, bert = people("operator", name="anna"), people("supervisor", name="bert")
    ask: dict[str, Any] = {"subject": story.hold(), "measure": "release", "ask_reason": "unrelated_payment"}
    without = anna.post(f"{page_of(story)}/acts/measure", **ask)
    assert without.status_code == 422
    assert "解除须有依据" in without.text
    assert value(story, "SELECT count(*) FROM approvals") == 0
    anna.post(f"{page_of(story)}/acts/measure", documents="云公解字1号", **ask)
    approval = story.id_of("SELECT id FROM approvals WHERE case_id = :case")
    wrong = bert.post(f"/approvals/{approval}", decision="approve", tail="9999")
    assert wrong.status_code == 422
    assert "decide-tail-error" in wrong.text
    assert value(story, "SELECT count(*) FROM requests WHERE kind = 'release'") == 0
    assert bert.post(f"/approvals/{approval}", decision="approve", tail="0018").status_code == 303
    assert value(story, "SELECT count(*) FROM requests WHERE kind = 'release'") == 1


def test_refusing_wants_a_reason_and_a_second_decision_is_told_what_was_decided(story: Story, people: People) -> None:
    story.stopped()
    people("operator", name="anna").post(
        f"{page_of(story)}/acts/measure", subject=story.hold(), measure="extend", ask_reason="case_filed"
    )
    approval = story.id_of("SELECT id FROM approvals WHERE case_id = :case")
    bert = people("supervisor", name="bert")
    assert bert.post(f"/approvals/{approval}", decision="refuse").status_code == 422
    assert bert.post(f"/approvals/{approval}", decision="refuse", refuse_reason="not_needed").status_code == 303
    late = people("supervisor", name="carl").post(f"/approvals/{approval}", decision="approve")
    assert late.status_code == 409
    assert "已退回" in late.text
    assert "bert" in late.text


def test_operators_see_no_decision(story: Story, people: People) -> None:
    assert people("operator").get("/approvals").status_code == 404
    assert people("auditor").get("/approvals").status_code == 404
    assert people("supervisor").get(f"/approvals/{UUID(int=5)}").status_code == 404


def test_reminding_twice_at_once_is_refused_with_what_is_true_now(story: Story, people: People) -> None:
    request_id = story.request()
    story.deliver(request_id)
    seen = value(story, "SELECT last_seq FROM cases WHERE id = :case")
    anna, bert = people("operator", name="anna"), people("operator", name="bert")
    assert 'data-act="remind"' in anna.text(page_of(story))
    assert anna.post(f"{page_of(story)}/acts/remind", subject=request_id, seen=seen).status_code == 303
    again = bert.post(f"{page_of(story)}/acts/remind", subject=request_id, seen=seen)
    assert again.status_code == 409
    assert 'id="conflict"' in again.text
    assert re.search(r'id="conflict".*?已催办.*?anna', again.text, re.DOTALL), "it says who did it"
    assert value(story, "SELECT count(*) FROM outbox WHERE kind = 'reminder'") == 1
    assert 'data-act="remind"' not in bert.text(page_of(story)), "what the engine would refuse is not offered"


def test_a_doubtful_account_is_confirmed_or_dropped(
    installation: Installation, drill: Centre, people: People, clock: FrozenClock
) -> None:
    doubtful = {"to": {"institution": "SIM-PROMPT", "number": "DE44500105175407324932", "holder": "李四"}}
    first = Story(installation, drill, clock, source_ref="a", **doubtful)
    second = Story(installation, drill, clock, source_ref="b", **doubtful)
    anna = people("operator", name="anna")
    assert anna.post(f"{page_of(first)}/acts/confirm", subject=first.hold()).status_code == 303
    assert value(first, "SELECT count(*) FROM requests WHERE case_id = :case") == 1
    assert anna.post(f"{page_of(first)}/acts/confirm", subject=first.hold()).status_code == 409
    wrong = anna.post(f"{page_of(second)}/acts/drop", subject=second.hold(), drop_reason="because I say so")
    assert wrong.status_code == 422
    assert "drop_reason-error" in wrong.text
    assert anna.post(f"{page_of(second)}/acts/drop", subject=second.hold(), drop_reason="told_twice").status_code == 303
    assert value(second, "SELECT state FROM holds WHERE case_id = :case") == "dropped"


def test_a_lead_is_named_with_errors_beside_both_fields(
    installation: Installation, drill: Centre, people: People, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock, to={"institution": "SIM-PROMPT", "number": "尾号4471"})
    anna = people("operator", name="anna")
    path = f"{page_of(story)}/acts/resolve"
    wrong = anna.post(path, subject=story.hold(), institution="<b>Nowhere</b>", account="12")
    assert wrong.status_code == 422
    assert "institution-error" in wrong.text
    assert "account-error" in wrong.text
    assert 'value="&lt;b&gt;Nowhere&lt;/b&gt;"' in wrong.text, "what was typed stays, as text"
    assert anna.post(path, subject=story.hold(), institution="SIM-PROMPT", account=PROMPT_ACCOUNT).status_code == 303
    assert value(story, "SELECT count(*) FROM requests WHERE case_id = :case") == 1


def test_a_hand_over_cannot_lie_in_the_future_or_before_the_request(
    story: Story, people: People, clock: FrozenClock
) -> None:
    anna, request_id = people("operator", name="anna"), story.request()
    clock.advance(timedelta(minutes=10))
    path = f"{page_of(story)}/acts/hand_over"
    for at in ("2026-11-24T23:30:00", "2026-11-24T21:00:00", "yesterday"):
        assert anna.post(path, subject=request_id, channel="telephone", at=at).status_code == 422, at
    assert anna.post(path, subject=request_id, channel="pigeon").status_code == 422
    done = anna.post(path, subject=request_id, channel="telephone", at="2026-11-24T22:05:00")
    assert done.status_code == 303
    assert value(story, "SELECT channel FROM requests WHERE case_id = :case") == "telephone"


def test_tasks_papers_objections_and_declining(story: Story, people: People) -> None:
    story.stopped()
    anna = people("operator", name="anna")
    task = story.id_of("SELECT id FROM tasks WHERE case_id = :case AND kind = 'review_stop'")
    assert anna.post(f"{page_of(story)}/acts/complete", subject=task).status_code == 303
    assert anna.post(f"{page_of(story)}/acts/complete", subject=task).status_code == 409
    papers = story.id_of("SELECT id FROM tasks WHERE case_id = :case AND kind = 'hand_in_papers'")
    assert anna.post(f"{page_of(story)}/acts/complete", subject=papers).status_code == 409, "only its decision ends it"
    assert (
        anna.post(f"{page_of(story)}/acts/papers", subject=story.request(), document="云公止字3号").status_code == 303
    )
    assert anna.post(f"{page_of(story)}/acts/papers", subject=story.request(), document="").status_code == 422
    assert anna.post(f"{page_of(story)}/acts/appeal", subject=story.hold()).status_code == 303
    appeal = value(story, "SELECT appeal_id FROM holds WHERE case_id = :case")
    assert anna.post(f"{page_of(story)}/acts/decide", subject=appeal, upheld="perhaps").status_code == 422
    assert anna.post(f"{page_of(story)}/acts/decide", subject=appeal, upheld="no").status_code == 303
    assert anna.post(f"{page_of(story)}/acts/decide", subject=appeal, upheld="no").status_code == 409
    assert anna.post(f"{page_of(story)}/acts/decline", document="云公不立字1号").status_code == 303
    assert anna.post(f"{page_of(story)}/acts/file", document="云公立字9号").status_code == 409
    assert "云公止字3号" in anna.text(page_of(story))


def test_contradictory_answers_are_decided_by_a_person(story: Story, people: People) -> None:
    request_id = story.request()
    story.stopped()
    anna, path = people("operator", name="anna"), f"{page_of(story)}/acts/settle"
    assert 'data-act="settle"' not in anna.text(page_of(story))
    assert anna.post(path, subject=request_id, outcome="full", held="10").status_code == 409, "nothing contradicts"
    story.answer(request_id, "gone")
    assert 'data-act="settle"' in anna.text(page_of(story))
    wrong = anna.post(path, subject=request_id, outcome="full", held="", executed_at="2026-12-31T00:00:00")
    assert wrong.status_code == 422
    assert "held-error" in wrong.text
    assert "executed_at-error" in wrong.text
    assert "outcome-error" in anna.post(path, subject=request_id, outcome="received", held="1").text
    at = "2026-11-24T22:00:05"
    assert anna.post(path, subject=request_id, outcome="full", held="1.05", executed_at=at).status_code == 303
    assert value(story, "SELECT state FROM holds WHERE case_id = :case") == "stopped"
    assert value(story, "SELECT held_minor FROM holds WHERE case_id = :case") == 105
    done = "SELECT ended_by FROM tasks WHERE case_id = :case AND kind = 'settle_conflict'"
    assert value(story, done) == "user:anna"


@pytest.mark.parametrize("subject", ["", "x", "0", str(UUID(int=9)), "'; DROP TABLE cases; --"])
def test_what_names_nothing_of_the_case_is_refused(story: Story, people: People, subject: str) -> None:
    anna = people("operator", name="anna")
    for verb in ("confirm", "remind", "complete", "appeal"):
        assert anna.post(f"{page_of(story)}/acts/{verb}", subject=subject).status_code == 409, verb
    assert anna.post(f"{page_of(story)}/acts/explode", subject=subject).status_code == 404
    assert anna.client.post(f"{page_of(story)}/acts/confirm", data={"subject": subject}).status_code >= 400


def test_something_is_shown_in_the_clear_only_with_a_reason_and_counted(
    story: Story, people: People, installation: Installation
) -> None:
    story.stopped()
    auditor = people("auditor", name="cleo")
    victim = value(story, "SELECT id FROM parties WHERE case_id = :case AND role = 'victim'")
    path = f"{page_of(story)}/reveal"
    without = auditor.post(path, kind="party", subject=victim)
    assert without.status_code == 422
    assert "王小明" not in without.text
    shown = auditor.post(path, kind="party", subject=victim, reason="check_record")
    assert "王小明" in shown.text
    assert "13800138000" in shown.text
    account = value(story, "SELECT account_id FROM holds WHERE case_id = :case")
    assert PROMPT_ACCOUNT in auditor.post(path, kind="account", subject=account, reason="call_bank").text
    message = value(story, "SELECT id FROM outbox WHERE case_id = :case")
    assert PROMPT_ACCOUNT in auditor.post(path, kind="message", subject=message, reason="call_bank").text
    reply = value(story, "SELECT id FROM replies LIMIT 1")
    assert "full" in auditor.post(path, kind="reply", subject=reply, reason="call_bank").text
    for kind, subject in (("party", account), ("account", victim), ("nothing", victim), ("party", "x")):
        assert auditor.post(path, kind=kind, subject=subject, reason="call_bank").status_code == 404
    assert "明文 4 次" in auditor.text(page_of(story))
    logged = value(story, "SELECT string_agg(payload::text, ' ') FROM entries WHERE kind = 'DataRevealed'")
    assert "check_record" in logged
    assert not [secret for secret in SECRETS if secret in logged]
    assert (
        value(story, "SELECT string_agg(DISTINCT actor, ' ') FROM entries WHERE kind = 'DataRevealed'") == "user:cleo"
    )
    assert_record_holds(installation, story.centre)


def test_a_forgotten_victim_is_said_to_be_and_cannot_be_shown(
    story: Story, people: People, installation: Installation
) -> None:
    victim = value(story, "SELECT id FROM parties WHERE case_id = :case AND role = 'victim'")
    _sql(
        installation,
        story.centre,
        "UPDATE data_keys SET wrapped = NULL, destroyed_at = now()"
        " WHERE id IN (SELECT key_id FROM parties WHERE role = 'victim')",
    )
    anna = people("operator", name="anna")
    assert "已依规删除" in anna.text(page_of(story))
    assert anna.post(f"{page_of(story)}/reveal", kind="party", subject=victim, reason="call_bank").status_code == 404


def test_hostile_words_stay_words(
    installation: Installation, drill: Centre, people: People, clock: FrozenClock
) -> None:
    nasty = '"><script>alert(1)</script>{{7*7}}'
    story = Story(installation, drill, clock, to={"institution": nasty, "number": PROMPT_ACCOUNT, "holder": nasty})
    anna = people("operator", name="anna")
    anna.post(f"{page_of(story)}/acts/file", document=nasty)
    shown = anna.text(page_of(story))
    assert "<script>alert" not in shown
    assert "{{7*7}}" in shown, "the paper's number stands as it was typed"
    assert ">49<" not in shown
    found = anna.post("/cases/search", term=nasty)
    assert "script" not in found.headers["Location"]
    assert "<script>alert" not in anna.text(found.headers["Location"])


def test_the_number_of_statements_does_not_grow_with_the_case(
    installation: Installation, drill: Centre, people: People, clock: FrozenClock
) -> None:
    small = Story(installation, drill, clock, source_ref="small").stopped()
    large = Story(installation, drill, clock, source_ref="large")
    request_id = large.request()
    large.deliver(request_id)
    onward = [
        {"institution": "SIM-SLOW", "number": f"99920100000000{n:02}", "amount_minor": 100_000 + n, "asset": "CNY"}
        for n in range(25)
    ]
    large.answer(request_id, "moved_on", next=onward)
    assert large.value("SELECT count(*) FROM holds WHERE case_id = :case") == 26
    anna = people("operator", name="anna")
    anna.text(page_of(small))
    with counted(installation) as few:
        anna.text(page_of(small))
    with counted(installation) as many:
        shown = anna.text(page_of(large))
    assert len(many) <= len(few) + 1
    assert len(many) <= 30
    assert "其余 14 户" in shown
    with counted(installation) as listed:
        anna.text("/cases")
    assert len(listed) <= 24


def test_every_entry_of_the_log_has_words_and_the_filters_leave_what_they_say(story: Story, people: People) -> None:
    story.stopped()
    anna = people("operator", name="anna")
    anna.post(f"{page_of(story)}/acts/file", document="云公立字1号")
    kinds = set(re.findall(r'data-kind="([^"]+)"', anna.text(page_of(story))))
    assert {"ReportAccepted", "ClaimAdded", "RequestDelivered", "AnswerReceived", "CaseFiled"} <= kinds
    assert "记录：" not in anna.text(page_of(story)), "no entry without words"
    banks = set(re.findall(r'data-kind="([^"]+)"', anna.text(f"{page_of(story)}?story=bank")))
    assert banks == {"RequestDelivered", "AnswerReceived"}
    own = set(re.findall(r'data-kind="([^"]+)"', anna.text(f"{page_of(story)}?story=people")))
    assert own == {"CaseFiled"}
    assert anna.get(f"{page_of(story)}?story=nonsense&before=x").status_code == 200
