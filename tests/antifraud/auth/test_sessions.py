"""A session is found by its token alone, ends by two limits of the injected clock, and with its login."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from antifraud.auth import sessions
from antifraud.auth.people import Person
from antifraud.auth.service import Centre, token_hash
from antifraud.auth.sessions import ABSOLUTE, IDLE, Session
from antifraud.auth.signing_in import disable, set_password
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.people import opened, person

INSTANT = timedelta(microseconds=1)


@pytest.fixture
def operator(installation: Installation, drill: Centre) -> Person:
    return person(installation, drill, name="wang")


@pytest.fixture
def token(installation: Installation, drill: Centre, operator: Person) -> str:
    return opened(installation, drill, operator).token


def found(installation: Installation, token: str, *, is_use: bool = True) -> Session | None:
    return sessions.find(installation.database, installation.clock, token_hash(token), is_use=is_use)


def test_a_token_finds_its_person_and_nothing_else_does(
    installation: Installation, drill: Centre, operator: Person, token: str
) -> None:
    session = found(installation, token)
    assert session is not None
    assert session.person == operator
    assert session.person.actor == "user:wang"
    for other in ("", token[:-1], token + "x", token_hash(token).hex(), str(session.id)):
        assert found(installation, other) is None


def test_only_the_hash_of_a_token_is_stored(installation: Installation, drill: Centre, token: str) -> None:
    assert len(token) >= 43
    with installation.database.begin(drill.id) as connection:
        row = dict(connection.execute(text("SELECT * FROM sessions")).mappings().one())
    assert bytes(row["token_hash"]) == token_hash(token)
    assert token not in str(row)


def test_an_unused_session_ends_at_the_idle_limit_and_not_before(
    installation: Installation, clock: FrozenClock, token: str
) -> None:
    clock.advance(IDLE - INSTANT)
    assert found(installation, token, is_use=False) is not None
    clock.advance(INSTANT)
    assert found(installation, token, is_use=False) is None


def test_use_moves_the_idle_limit_and_asking_by_itself_does_not(
    installation: Installation, clock: FrozenClock, token: str
) -> None:
    clock.advance(IDLE - timedelta(minutes=5))
    assert found(installation, token, is_use=False) is not None
    assert found(installation, token) is not None
    clock.advance(timedelta(hours=2))
    assert found(installation, token) is not None
    clock.advance(IDLE)
    assert found(installation, token) is None


def test_however_much_it_is_used_a_session_ends_at_the_absolute_limit(
    installation: Installation, clock: FrozenClock, token: str
) -> None:
    start = clock.now()
    while clock.now() + timedelta(hours=1) < start + ABSOLUTE:
        clock.advance(timedelta(hours=1))
        assert found(installation, token) is not None
    clock.set(start + ABSOLUTE - INSTANT)
    assert found(installation, token) is not None
    clock.set(start + ABSOLUTE)
    assert found(installation, token) is None


def test_use_is_written_down_once_a_minute_at_most(
    installation: Installation, drill: Centre, clock: FrozenClock, token: str
) -> None:
    def seen_after(seconds: float) -> float:
        clock.advance(timedelta(seconds=seconds))
        assert found(installation, token) is not None
        with installation.database.begin(drill.id) as connection:
            seen = connection.execute(text("SELECT seen_at FROM sessions")).scalar_one()
        passed: timedelta = clock.now() - seen
        return passed.total_seconds()

    assert seen_after(59) == 59
    assert seen_after(1) == 0
    assert seen_after(30) == 30


def test_a_disabled_login_is_out_at_once_and_its_person_is_named_still(
    installation: Installation, drill: Centre, operator: Person, token: str
) -> None:
    other = opened(installation, drill, person(installation, drill, name="zhao")).token
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "cli:test")
        assert disable(work, operator.id)
        assert not disable(work, operator.id)
    assert found(installation, token) is None
    assert found(installation, other) is not None


def test_another_password_ends_every_session_of_the_login_and_no_other(
    installation: Installation, drill: Centre, operator: Person, token: str
) -> None:
    second = opened(installation, drill, operator).token
    other = opened(installation, drill, person(installation, drill, name="zhao")).token
    with installation.database.begin(drill.id) as connection:
        set_password(installation.work(connection, drill.id, "cli:test"), operator.id, "hash", must_change=True)
    assert found(installation, token) is None
    assert found(installation, second) is None
    assert found(installation, other) is not None


def test_what_the_console_keeps_in_a_session_comes_back(installation: Installation, drill: Centre, token: str) -> None:
    session = found(installation, token)
    assert session is not None
    assert session.data == {}
    with installation.database.begin(drill.id) as connection:
        sessions.keep(connection, session.id, {"csrf_token": "t"})
    again = found(installation, token)
    assert again is not None
    assert again.data == {"csrf_token": "t"}


def test_another_centre_sees_and_ends_no_session_of_this_one(
    installation: Installation, drill: Centre, live: Centre, operator: Person, token: str
) -> None:
    with installation.database.begin(live.id) as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 0
        assert sessions.end_all(installation.work(connection, live.id, "cli:test"), operator.id) == 0
    with installation.database.begin(None, presented=token_hash("another").hex()) as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 0
    with installation.database.begin(None, presented=token_hash(token).hex()) as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 1
        assert connection.scalar(text("SELECT count(*) FROM users")) == 0
    assert found(installation, token) is not None
