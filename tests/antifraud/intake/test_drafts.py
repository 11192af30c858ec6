"""Drafts: nothing typed is lost or overwritten, and sending makes one report, whatever happens in between."""

# ruff: noqa: ANN401 - acts and values of several kinds

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from antifraud.auth.people import Person
from antifraud.auth.service import Centre
from antifraud.cases.acts import case_id_of
from antifraud.cases.casefile import Desk
from antifraud.cases.service import save as save_case
from antifraud.foundation import seams
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.intake import drafts
from antifraud.intake.door import Door
from antifraud.intake.drafts import Draft, DraftEnded, DraftNotFound, NotTheEditor
from antifraud.intake.sending import Clerk, NothingToTell, NotReady
from antifraud.verification.service import verify
from tests.factories.people import person
from tests.factories.wire import at_once, number_of

FACTS = {"account": number_of("SIM-PROMPT"), "amount": "4.2w", "time": "21:36", "name": "李四"}


class Desks:
    """What operators of the drill centre do with drafts, each act in a transaction of its own."""

    def __init__(self, installation: Installation, centre: Centre) -> None:
        self.installation, self.centre = installation, centre
        self.chen = person(installation, centre, name="chenjing")
        self.liu = person(installation, centre, name="liuyang")

    def clerk(self, who: Person | None = None) -> Clerk:
        """Return a clerk on a door of its own, as a fresh process has it."""
        return Clerk(Door.of(self.installation), self.centre, who or self.chen)

    def do(self, act: Any, who: Person | None = None) -> Any:
        with self.installation.database.begin(self.centre.id) as connection:
            return act(self.installation.work(connection, self.centre.id, (who or self.chen).actor))

    def new(self, **values: str) -> Draft:
        opened = self.do(lambda work: drafts.open_draft(work, self.chen.id))
        found: Draft = self.save(opened.no, values) if values else opened
        return found

    def save(self, no: int, values: dict[str, str], *, who: Person | None = None, seen: int = 99) -> Draft:
        by = who or self.chen
        saved: tuple[Draft, Any] = self.do(lambda work: drafts.save(work, no, by.id, values, seen=seen))
        assert not saved[1]
        return saved[0]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.installation.database.begin(self.centre.id) as connection:
            return list(connection.execute(text(sql), values))

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - our own words

    def differences(self) -> list[object]:
        return [one for outcome in verify(self.installation, self.centre) for one in outcome.differences]


@pytest.fixture
def desks(installation: Installation, drill: Centre) -> Desks:
    return Desks(installation, drill)


def test_account_amount_and_time_are_enough_to_send(desks: Desks) -> None:
    no = desks.new(account=FACTS["account"], amount="4.2w", time="21:36").no
    sent = desks.clerk().send(no)
    assert sent.state == "sent"
    assert sent.answer is not None
    assert [one["institution"] for one in sent.answer["requests"]] == ["SIM-PROMPT"]
    (hold,) = desks.rows("SELECT traced_minor, state FROM holds")
    assert (int(hold.traced_minor), hold.state) == (4_200_000, "asked")
    (transfer,) = desks.rows("SELECT precision, local_time FROM transfers")
    assert (transfer.precision, transfer.local_time) == ("minute", "2026-11-24T21:36")


def test_what_is_missing_is_told_in_the_order_of_asking_and_nothing_is_sent(desks: Desks) -> None:
    no = desks.new(name="李四").no
    with pytest.raises(NotReady) as caught:
        desks.clerk().send(no)
    assert caught.value.understood.missing == ("account", "amount", "time")
    assert desks.count("reports") == 0
    desks.save(no, {"account": FACTS["account"], "amount": "4,2", "time": "22点"})
    with pytest.raises(NotReady) as caught:
        desks.clerk().send(no)
    assert caught.value.understood.errors == {"amount": "amount-ambiguous"}


def test_an_account_without_a_card_prefix_needs_its_bank_by_name_or_initials(desks: Desks) -> None:
    no = desks.new(account="0200 1234 5678 9012 345", amount="500", time="now").no
    with pytest.raises(NotReady) as caught:
        desks.clerk().send(no)
    assert caught.value.understood.missing == ("bank",)
    desks.save(no, {"bank": "ysyh"})
    sent = desks.clerk().send(no)
    assert sent.answer is not None
    assert sent.answer["requests"][0]["institution"] == "SIM-PROMPT"


def test_sending_again_by_anyone_at_any_time_makes_one_report(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    first = desks.clerk().send(no)
    again = desks.clerk().send(no)
    assert again.answer == first.answer
    assert desks.clerk(desks.liu).send(no).answer == first.answer
    assert desks.count("reports") == 1
    assert desks.count("requests") == 1


def test_two_presses_at_the_same_instant_make_one_report(desks: Desks) -> None:
    no = desks.new(**FACTS).no

    def press(_: int) -> str:
        try:
            return desks.clerk().send(no).state
        except Exception as error:  # noqa: BLE001 - whatever the loser is told
            return type(error).__name__

    told = set(at_once(press, 4))
    assert told <= {"sent", "KeyInProgress"}
    assert desks.clerk().send(no).state == "sent"
    assert desks.count("reports") == 1
    assert desks.count("requests") == 1


@pytest.mark.parametrize("place", ["intake.written", "intake.committed"])
def test_a_server_killed_while_sending_is_taken_up_by_the_next(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    no = desks.new(**FACTS).no

    class Killed(BaseException):
        """What no handler catches."""

    def die(name: str) -> None:
        if name == place:
            raise Killed

    monkeypatch.setattr("antifraud.intake.door.seam", die)
    with pytest.raises(Killed):
        desks.clerk().send(no)
    monkeypatch.setattr("antifraud.intake.door.seam", seams.seam)
    left = desks.do(lambda work: drafts.draft(work, no))
    assert (left.state, left.frozen is not None) == ("open", True)
    with pytest.raises(DraftEnded):
        desks.save(no, {"amount": "1"})
    assert desks.clerk().send(no).state == "sent"
    assert desks.count("reports") == 1
    assert desks.count("requests") == 1


def test_a_field_changed_meanwhile_is_told_with_both_values_and_never_overwritten(
    desks: Desks, clock: FrozenClock
) -> None:
    opened = desks.new(amount="42000")
    desks.do(lambda work: drafts.take_over(work, opened.no, desks.liu.id))
    clock.advance(timedelta(seconds=8))
    desks.save(opened.no, {"amount": "420000"}, who=desks.liu, seen=opened.version)
    desks.do(lambda work: drafts.take_over(work, opened.no, desks.chen.id))
    found, (conflict,) = desks.do(
        lambda work: drafts.save(work, opened.no, desks.chen.id, {"amount": "42001", "name": "李"}, seen=opened.version)
    )
    assert (conflict.field, conflict.ours, conflict.theirs, conflict.by) == ("amount", "42001", "420000", desks.liu.id)
    assert conflict.at == clock.now()
    assert found.values == {"amount": "420000", "name": "李"}
    assert desks.save(opened.no, {"amount": "42001"}, seen=found.version).values["amount"] == "42001"


def test_the_second_operator_only_reads_until_they_take_it_over(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    for act in (
        lambda work: drafts.save(work, no, desks.liu.id, {"amount": "1"}, seen=99),
        lambda work: drafts.discard(work, no, desks.liu.id),
    ):
        with pytest.raises(NotTheEditor) as caught:
            desks.do(act, desks.liu)
        assert caught.value.editor_id == desks.chen.id
    with pytest.raises(NotTheEditor):
        desks.clerk(desks.liu).send(no)
    desks.do(lambda work: drafts.take_over(work, no, desks.liu.id), desks.liu)
    with pytest.raises(NotTheEditor):
        desks.save(no, {"amount": "1"})
    assert desks.clerk(desks.liu).send(no).state == "sent"


def test_nothing_typed_lies_in_the_open_and_the_log_names_the_person_only(desks: Desks) -> None:
    no = desks.new(**FACTS, victim_name="王小明", victim_phone="13800138000", narrative="冒充客服").no
    desks.clerk().send(no)
    stored = " ".join(
        str(row._asdict())
        for table in ("drafts", "entries", "reports", "tasks")
        for row in desks.rows(f"SELECT * FROM {table}")  # noqa: S608
    )
    for secret in (FACTS["account"], "王小明", "13800138000", "冒充客服", "李四"):
        assert secret not in stored
    kinds = [
        (row.kind, row.actor)
        for row in desks.rows("SELECT kind, actor FROM entries WHERE stream LIKE 'reports:%' ORDER BY seq")
    ]
    assert kinds == [("DraftOpened", "user:chenjing"), ("DraftSent", "user:chenjing")]
    assert {row.actor for row in desks.rows("SELECT actor FROM entries WHERE stream LIKE 'case:%'")} == {
        "user:chenjing"
    }


def test_forgetting_the_report_forgets_the_draft(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    desks.clerk().send(no)
    (keys,) = desks.rows(
        "SELECT d.key_id AS draft, r.key_id AS report FROM drafts d JOIN reports r ON r.id = d.report_id"
    )
    assert keys.draft == keys.report
    desks.do(lambda work: work.vault.destroy(work.connection, keys.report, work.now()))
    with pytest.raises(DraftNotFound):
        desks.do(lambda work: drafts.draft(work, no))


def test_a_discarded_draft_cannot_be_read_again_by_anyone(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    desks.do(lambda work: drafts.discard(work, no, desks.chen.id))
    with pytest.raises(DraftNotFound):
        desks.do(lambda work: drafts.draft(work, no))
    assert desks.do(drafts.open_drafts) == []


def test_an_empty_draft_is_taken_again_and_a_draft_with_something_in_it_stays(desks: Desks) -> None:
    first = desks.new()
    assert desks.new().no == first.no
    desks.save(first.no, {"amount": "1"})
    assert desks.new().no != first.no
    assert [one.is_empty for one in desks.do(drafts.open_drafts)] == [True, False]


def test_merging_adds_the_money_to_the_chosen_case_as_a_supplement(desks: Desks, clock: FrozenClock) -> None:
    first = desks.clerk().send(desks.new(**FACTS).no)
    assert first.answer is not None
    clock.advance(timedelta(minutes=1))
    case_no = first.answer["case"]["no"]
    second = desks.clerk().send(desks.new(**{**FACTS, "amount": "1300"}, merge=case_no).no)
    assert second.answer is not None
    assert second.answer["case"] == {**first.answer["case"], "joined": True}
    assert sorted(int(row.traced_minor) for row in desks.rows("SELECT traced_minor FROM holds")) == [130_000, 4_200_000]
    assert desks.count("cases") == 1


def test_a_linked_case_is_noted_in_both(desks: Desks) -> None:
    first = desks.clerk().send(desks.new(**FACTS).no)
    assert first.answer is not None
    second = desks.clerk().send(
        desks.new(account=number_of("SIM-SLOW"), amount="9", time="now", link=first.answer["case"]["no"]).no
    )
    assert second.answer is not None
    noted = {
        row.stream: row.payload["case_id"]
        for row in desks.rows("SELECT stream, payload FROM entries WHERE kind = 'CasesLinked'")
    }
    ids = first.answer["case"]["id"], second.answer["case"]["id"]
    assert noted == {f"case:{ids[0]}": ids[1], f"case:{ids[1]}": ids[0]}


def test_facts_learnt_later_reach_the_case_and_change_no_order(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    first = desks.clerk().send(no)
    before = desks.rows("SELECT id, stage, asked_minor FROM requests")
    only = ("victim_name", "victim_phone", "narrative", "category", "account_2", "amount_2", "time_2")
    facts = {
        "victim_name": "王小明",
        "victim_phone": "13800138000",
        "narrative": "对方自称客服",
        "category": "impersonate_service",
    }
    desks.do(lambda work: drafts.save(work, no, desks.chen.id, facts, seen=99, only=only))
    for part in ("victim", "narrative", "category"):
        told = desks.clerk().complete(no, part)
        assert part in told.marks["done"]
    assert desks.count("cases") == 1
    assert desks.count("reports") == 4
    assert desks.rows("SELECT id, stage, asked_minor FROM requests") == before
    assert [row.fraud_type for row in desks.rows("SELECT fraud_type FROM cases")] == ["impersonate_service"]
    assert desks.count("parties") == 1
    more = {"account_2": number_of("SIM-SLOW", 2), "amount_2": "8万", "time_2": "21:50"}
    desks.do(lambda work: drafts.save(work, no, desks.chen.id, more, seen=99, only=only))
    desks.clerk().complete(no, "transfers")
    assert desks.count("requests") == 2
    assert desks.count("cases") == 1
    assert first.answer is not None
    with pytest.raises(NotReady):
        desks.clerk().complete(no, "transfers")


def test_completing_with_nothing_says_so_and_the_sent_facts_cannot_be_typed_over(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    desks.clerk().send(no)
    with pytest.raises(NothingToTell):
        desks.clerk().complete(no, "victim")
    with pytest.raises(DraftEnded):
        desks.do(lambda work: drafts.save(work, no, desks.chen.id, {"amount": "1"}, seen=99, only=("narrative",)))


def test_a_payee_that_nobody_knows_becomes_a_lead_and_no_order(desks: Desks) -> None:
    no = desks.new(payer_bank="远渡银行", payer_account=number_of("SIM-SLOW", 7), amount="3万", time="21:00").no
    sent = desks.clerk().send(no)
    assert sent.answer is not None
    assert sent.answer["requests"] == []
    assert [row.kind for row in desks.rows("SELECT kind FROM leads")] == ["missing_account"]


def test_hostile_text_in_every_field_is_kept_and_breaks_nothing(desks: Desks) -> None:
    nasty = "<script>alert(1)</script>\u202e\x00'; DROP TABLE drafts;--{{7*7}}\ud800 𠮷"
    fields = (
        "name",
        "payer_bank",
        "payer_account",
        "victim_name",
        "victim_phone",
        "victim_id_no",
        "narrative",
        "place",
        "reference",
    )
    no = desks.new(**{**FACTS, **dict.fromkeys(fields, nasty)}).no
    sent = desks.clerk().send(no)
    assert sent.state == "sent"
    assert "\x00" not in json.dumps(dict(sent.values))


def test_the_log_of_drafts_and_cases_verifies(desks: Desks) -> None:
    no = desks.new(**FACTS).no
    sent = desks.clerk().send(no)
    assert sent.answer is not None
    case_no = sent.answer["case"]["no"]

    def note(work: Any) -> None:
        desk = Desk(work)
        desk.lock(case_id_of(work, case_no)).note("Looked", {})
        save_case(desk, desks.installation.mail(desks.centre))

    desks.do(note)
    desks.do(lambda work: drafts.save(work, no, desks.chen.id, {"category": "loan"}, seen=99, only=("category",)))
    desks.clerk().complete(no, "category")
    assert desks.differences() == []
