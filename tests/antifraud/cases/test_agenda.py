"""The worklist as read: its order, its scopes, page by page, and what is masked."""

# ruff: noqa: S608 - our own ids in our own statements

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.cases import agenda as reading
from antifraud.cases import beside, worklist
from antifraud.cases.agenda import PAGE_ROWS, Agenda, Counts, Edges, Place, agenda, counts
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import HELD, Story
from tests.factories.people import person

MUTE = {"institution": "SIM-MUTE", "number": "9991050000000015"}


class Reader:
    """Reads the list of one centre at the present instant of its clock."""

    def __init__(self, installation: Installation, centre: Centre, clock: FrozenClock) -> None:
        self.installation, self.centre, self.clock = installation, centre, clock
        self.anna = person(installation, centre, name="anna")
        self.mail = installation.mail(centre)

    def edges(self) -> Edges:
        now = self.clock.now()
        return Edges(
            now=now,
            soon=now + timedelta(minutes=5),
            next=now + timedelta(minutes=30),
            tomorrow=now + timedelta(hours=2),
        )

    def read(self, scope: str = "shift", after: Place | None = None) -> Agenda:
        with self.installation.database.begin(self.centre.id) as connection:
            return agenda(connection, scope, self.edges(), person_id=self.anna.id, after=after)

    def count(self, scope: str = "shift") -> Counts:
        with self.installation.database.begin(self.centre.id) as connection:
            return counts(connection, scope, self.edges(), person_id=self.anna.id)

    def task(self, story: Story, kind: str) -> UUID:
        return story.id_of(f"SELECT id FROM tasks WHERE case_id = :case AND kind = '{kind}' AND state = 'open'")

    def put(self, *rows: tuple[float, int | None], story: Story) -> list[UUID]:
        """Put open tasks on the list, due in so many seconds and about so much; how they came does not matter here."""
        with self.installation.database.begin(self.centre.id) as connection:
            work = self.installation.work(connection, self.centre.id, "cli:test")
            ids = [work.new_id() for _ in rows]
            for one, (seconds, amount) in zip(ids, rows, strict=True):
                connection.execute(
                    text(
                        "INSERT INTO tasks (id, centre_id, procedure_id, case_id, kind, subject_kind, subject_id,"
                        " due_at, level, amount_minor, asset, masked_label, state, opened_at)"
                        " VALUES (:id, :centre, :procedure, :case, 'query_flow', 'hold', :hold, :due, 0, :amount,"
                        " 'CNY', 'x', 'open', :now)"
                    ),
                    {
                        "id": one,
                        "centre": self.centre.id,
                        "procedure": story.procedure_id,
                        "case": story.case_id,
                        "hold": story.hold(),
                        "due": self.clock.now() + timedelta(seconds=seconds),
                        "amount": amount,
                        "now": self.clock.now(),
                    },
                )
            return ids


@pytest.fixture
def reader(installation: Installation, drill: Centre, clock: FrozenClock) -> Reader:
    return Reader(installation, drill, clock)


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    return Story(installation, drill, clock)


def test_rows_come_by_due_instant_then_by_amount_the_largest_and_the_unknown_first(
    reader: Reader, story: Story
) -> None:
    small, late, big, unknown, soon = reader.put((600, 100), (-5, 1), (600, 9_000), (600, None), (60, 5), story=story)
    ours = {small, late, big, unknown, soon}
    assert [row.id for row in reader.read().rows if row.id in ours] == [late, soon, unknown, big, small]


def test_pages_follow_each_other_without_a_gap_or_a_row_twice(reader: Reader, story: Story) -> None:
    # Rows of one instant: the first page ends among those of unknown amount, the second among those of one amount.
    amounts = [None] * 65 + [5] * 40 + [7] * 20
    put = reader.put(*[(600.0, amount) for amount in amounts], *[(900.0 + i, i) for i in range(60)], story=story)
    found: list[UUID] = []
    page, pages = reader.read(), 1
    while True:
        found += [row.id for row in page.rows]
        if page.following is None:
            break
        assert len(page.rows) == PAGE_ROWS
        page, pages = reader.read(after=page.following), pages + 1
    assert pages > 2
    assert len(found) == len(set(found))
    assert set(put) <= set(found)
    assert found[: len(put)] == [row for row in found if row in set(put)][: len(put)]


def test_a_page_of_open_tasks_is_one_scan_of_their_index_that_begins_at_its_place(reader: Reader, story: Story) -> None:
    put = reader.put(*[(float(i), i) for i in range(300)], story=story)
    place = Place(reader.clock.now() + timedelta(seconds=200), 200, put[200])
    branch = reading._behind(reading._BRANCHES["shift"][0], place)
    with reader.installation.database.begin(reader.centre.id) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            connection.scalars(
                text(f"EXPLAIN {branch} ORDER BY {reading._ordered(branch)} LIMIT 61"),
                {"now": reader.clock.now(), "due": place.due_at, "amount": place.amount_minor, "id": place.id},
            )
        )
    assert "Index Scan using tasks_worklist" in plan, plan
    assert "Sort" not in plan, plan
    assert "due_at >=" in plan.split("Index Cond:")[1].split("\n")[0], plan


def test_groups_are_counted_and_a_task_at_its_due_instant_is_not_overdue(reader: Reader, story: Story) -> None:
    before = reader.count().groups
    reader.put((-1, 1), (0, 1), (300, 1), (301, 1), (1800, 1), (1801, 1), (7199, 1), (7200, 1), story=story)
    after = reader.count().groups
    gained = {name: after[name] - before[name] for name in after}
    assert gained == {"late": 1, "soon": 2, "next": 2, "today": 2, "later": 1}
    edges = reader.edges()
    due = [edges.now + timedelta(seconds=at) for at in (-1, 0, 300, 301, 1800, 1801, 7199, 7200)]
    assert [edges.group_of(at) for at in due] == ["late", "soon", "soon", "next", "next", "today", "today", "later"]


def test_mine_is_what_i_claimed_and_unclaimed_what_nobody_took_for_two_minutes(reader: Reader, story: Story) -> None:
    mine, other, later = reader.put((600, 1), (601, 1), (7000, 1), story=story)
    with reader.installation.database.begin(reader.centre.id) as connection:
        work = reader.installation.work(connection, reader.centre.id, reader.anna.actor)
        worklist.claim(work, reader.mail, mine, reader.anna.id)
    assert [row.id for row in reader.read("mine").rows] == [mine]
    assert reader.count().owned == {reader.anna.id: (1, 0)}
    assert not {mine, other, later} & {row.id for row in reader.read("unclaimed").rows}
    reader.clock.advance(timedelta(minutes=2))
    unclaimed = {row.id for row in reader.read("unclaimed").rows}
    assert unclaimed & {mine, other, later} == {other}, "nor is it pressing what has hours left"
    reader.clock.advance(timedelta(minutes=9))
    assert reader.count().owned == {reader.anna.id: (1, 1)}


def test_what_is_put_off_stands_at_the_bottom_until_its_time_comes(reader: Reader, story: Story) -> None:
    first, second = reader.put((600, 1), (601, 1), story=story)
    with reader.installation.database.begin(reader.centre.id) as connection:
        work = reader.installation.work(connection, reader.centre.id, reader.anna.actor)
        worklist.snooze(work, reader.mail, first, reader.clock.now() + timedelta(minutes=4), "bank_called")
    page = reader.read()
    assert [row.id for row in page.snoozed] == [first]
    assert second in {row.id for row in page.rows}
    assert first not in {row.id for row in page.rows}
    reader.clock.advance(timedelta(minutes=4))
    page = reader.read()
    assert page.snoozed == ()
    assert first in {row.id for row in page.rows}


def test_approvals_wait_no_longer_than_the_stop_that_they_are_about(reader: Reader, story: Story) -> None:
    story.stopped()
    story.file()
    story.pass_time(timedelta(hours=46))
    with reader.installation.database.begin(reader.centre.id) as connection:
        from antifraud.cases import acts  # noqa: PLC0415 - only here

        work = reader.installation.work(connection, reader.centre.id, reader.anna.actor)
        acts.ask_measure(work, reader.mail, story.case_id, story.hold(), acts.Measure(kind="freeze", amount_minor=HELD))
    (row,) = reader.read("approve").rows
    assert (row.source, row.kind, row.asked_by, row.hold_state) == ("approval", "freeze", "user:anna", "stopped")
    assert row.ends_at is not None
    assert row.due_at == row.ends_at < reader.clock.now() + timedelta(hours=4)
    assert row.id in {one.id for one in reader.read("shift").rows}
    assert reader.count().scopes["approve"] == 1


def test_what_an_institution_owes_is_listed_with_all_that_is_open_until_it_answers(
    installation: Installation, drill: Centre, clock: FrozenClock, reader: Reader
) -> None:
    story = Story(installation, drill, clock, to=MUTE)
    (row,) = [one for one in reader.read("open").rows if one.source == "wait"]
    assert (row.kind, row.stage, row.may_be_reminded) == ("receipt", "queued", False)
    story.deliver(story.request())
    (row,) = [one for one in reader.read("open").rows if one.source == "wait"]
    assert (row.kind, row.request_kind, row.tier, row.may_be_reminded) == ("answer", "stop", 1, True)
    assert row.amount_minor == HELD
    assert row.case_no == story.told["case"]["no"]
    assert row.institution_en == "Stillwater Bank"
    assert not [one for one in reader.read("shift").rows if one.source == "wait"]
    assert reader.count().scopes["open"] == reader.count().scopes["shift"] + 1
    story.answer(story.request(), "full", held_minor=HELD)
    assert not [one for one in reader.read("open").rows if one.source == "wait"]


def test_an_overdue_answer_becomes_an_act_about_that_request(
    installation: Installation, drill: Centre, clock: FrozenClock, reader: Reader
) -> None:
    story = Story(installation, drill, clock, to=MUTE)
    story.deliver(story.request())
    story.pass_time(timedelta(minutes=31))
    (row,) = [one for one in reader.read().rows if one.kind == "call_contact_a"]
    assert (row.request_id, row.request_kind, row.stage) == (story.request(), "stop", "delivered")
    assert row.may_be_reminded
    assert (row.hold_state, row.account_id is not None) == ("asked", True)


def test_every_scope_and_its_counts_agree(reader: Reader, story: Story) -> None:
    reader.put((600, 1), (-3, 2), (90_000, 3), story=story)
    for scope in reading.SCOPES:
        found, count = reader.read(scope), reader.count(scope)
        assert len(found.rows) == sum(count.groups.values()), scope
        assert count.scopes.get(scope, 0) == len(found.rows), scope


def test_victims_come_masked_and_are_gone_with_their_key(reader: Reader, story: Story) -> None:
    with reader.installation.database.begin(reader.centre.id) as connection:
        work = reader.installation.work(connection, reader.centre.id, "user:anna")
        assert beside.victims(work, [story.case_id]) == {story.case_id: "王**"}
        key_id = connection.scalar(text("SELECT key_id FROM parties"))
        work.vault.destroy(connection, UUID(str(key_id)), work.now())
        assert beside.victims(work, [story.case_id]) == {}


def test_the_money_of_a_case_adds_up_by_tier_and_state(reader: Reader, story: Story) -> None:
    request = story.request()
    story.deliver(request)
    hop = {"institution": "SIM-SLOW", "number": "9991020000000017", "amount_minor": 1_200_000, "asset": "CNY"}
    story.answer(request, "partial", held_minor=3_000_000, next=[hop])
    with reader.installation.database.begin(reader.centre.id) as connection:
        found = beside.hops(connection, [story.case_id])
    assert [(hop.tier, hop.state, hop.traced_minor, hop.held_minor, hop.institution_en) for hop in found] == [
        (1, "stopped", HELD, 3_000_000, "Spruce Bank"),
        (2, "asked", 1_200_000, 0, "Farferry Bank"),
    ]


def test_an_empty_list_knows_when_the_last_task_was_done_and_what_is_due_next(reader: Reader, story: Story) -> None:
    with reader.installation.database.begin(reader.centre.id) as connection:
        found = beside.quiet(connection)
    assert (found.last_done_at, found.next_kind, found.next_case_no) == (None, "receipt", story.told["case"]["no"])


def test_how_a_row_left_the_list_is_told(reader: Reader, story: Story) -> None:
    (mine,) = reader.put((600, 1), story=story)
    with reader.installation.database.begin(reader.centre.id) as connection:
        connection.execute(text(f"UPDATE tasks SET state = 'done', ended_by = 'user:liu' WHERE id = '{mine}'"))
        (found,) = beside.ended(connection, [mine, UUID(int=3)])
    assert (found.state, found.ended_by) == ("done", "user:liu")


def test_another_centre_sees_none_of_it(reader: Reader, story: Story, live: Centre) -> None:
    reader.put((600, 1), story=story)
    with reader.installation.database.begin(live.id) as connection:
        found = agenda(connection, "open", reader.edges(), person_id=reader.anna.id)
        assert (found.rows, found.snoozed) == ((), ())
        assert set(counts(connection, "open", reader.edges(), person_id=reader.anna.id).scopes.values()) == {0}
