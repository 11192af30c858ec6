"""Who knows the password gets in, whoever guesses waits, and nobody learns which names there are."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import argon2
import pytest
from sqlalchemy import text
from typing_extensions import override

from antifraud.auth import sessions
from antifraud.auth.passwords import Passwords
from antifraud.auth.people import Person
from antifraud.auth.service import Centre, token_hash
from antifraud.auth.signing_in import NewPasswordRefused, SigningIn, SignInRefused, disable, set_password
from antifraud.auth.throttle import OF_ALL, OF_ONE_NAME, WINDOW, TooManyFailures, count, subjects_of, window_of
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import Unavailable
from antifraud.installation import Installation
from tests.factories.people import PASSWORD, opened, person

NEW = "snow-on-the-hill-43"


class Watched(argon2.PasswordHasher):
    """The true verification, that tells before each which hash it is about."""

    def __init__(self, tell: Callable[[str], object], *, time_cost: int = 3, memory_cost: int = 65536) -> None:
        super().__init__(time_cost=time_cost, memory_cost=memory_cost)
        self.tell = tell

    @override
    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.tell(str(hash))
        return super().verify(hash, password)


CHEAP = {"time_cost": 1, "memory_cost": 32}
"""Little work: these tests are about who gets in, one is about the work."""


def door_of(installation: Installation, hasher: argon2.PasswordHasher) -> SigningIn:
    return SigningIn(installation.database, installation.clock, installation.vault, Passwords(hasher))


@pytest.fixture
def door(installation: Installation) -> SigningIn:
    return door_of(installation, Watched(lambda _: None, **CHEAP))


@pytest.fixture
def operator(installation: Installation, drill: Centre, door: SigningIn) -> Person:
    return person(installation, drill, name="wang", password=PASSWORD, passwords=door.passwords)


def entries(installation: Installation, centre: Centre) -> list[tuple[str, str, dict[str, Any]]]:
    with installation.database.begin(centre.id) as connection:
        rows = connection.execute(
            text("SELECT kind, actor, payload FROM entries WHERE stream LIKE 'auth:%' ORDER BY seq")
        )
        return [(row.kind, row.actor, row.payload) for row in rows]


def kinds(installation: Installation, centre: Centre) -> list[str]:
    return [kind for kind, _, _ in entries(installation, centre) if kind != "PersonAdded"]


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(SignInRefused):
        yield


def guess(door: SigningIn, times: int, name: str = "wang", browser: str | None = None) -> None:
    for _ in range(times):
        with refused():
            door.sign_in(name, "not the password", browser=browser)


def test_the_right_password_opens_a_session_of_the_logins_own_centre(
    installation: Installation, drill: Centre, live: Centre, door: SigningIn, operator: Person
) -> None:
    got = door.sign_in(" Wang", PASSWORD)
    assert got.session.person == operator
    session = sessions.find(installation.database, installation.clock, token_hash(got.token))
    assert session is not None
    assert session.person.centre_id == drill.id
    ((kind, actor, payload),) = [one for one in entries(installation, drill) if one[0] != "PersonAdded"]
    assert (kind, actor) == ("SignedIn", "user:wang")
    assert payload == {"user_id": str(operator.id), "session_id": str(session.id)}


def test_a_wrong_password_an_unknown_name_and_a_disabled_login_are_refused_in_the_same_words(
    installation: Installation, drill: Centre, door: SigningIn, operator: Person
) -> None:
    gone = person(installation, drill, name="gone", password=PASSWORD, passwords=door.passwords)
    with installation.database.begin(drill.id) as connection:
        disable(installation.work(connection, drill.id, "cli:test"), gone.id)
    words = set()
    for name, password in (("wang", PASSWORD + " "), ("nobody", PASSWORD), ("gone", PASSWORD), ("", ""), ("a b", "x")):
        with pytest.raises(SignInRefused) as error:
            door.sign_in(name, password)
        words.add(str(error.value))
    assert len(words) == 1


def test_an_unknown_name_costs_a_verification_of_the_same_work(installation: Installation, drill: Centre) -> None:
    verified: list[str] = []
    door = door_of(installation, Watched(verified.append))
    person(installation, drill, name="wang", password=PASSWORD)
    for name in ("wang", "nobody", "no such name"):
        with refused():
            door.sign_in(name, "not the password")
    assert len(verified) == 3
    known, *unknown = (argon2.extract_parameters(one) for one in verified)
    assert unknown == [known, known]
    assert verified[1] != verified[2]


def test_no_password_fits_the_hash_of_nothing() -> None:
    ours = Passwords()
    assert not ours.is_right("", ours.hash_of_nothing())
    assert not ours.is_right(PASSWORD, None)
    assert ours.is_right(PASSWORD, ours.hashed(PASSWORD))
    assert not ours.is_right(PASSWORD, "damaged")


def test_two_keyboards_that_compose_a_letter_differently_type_the_same_password() -> None:
    assert Passwords().is_right("e\u0301tude-e\u0301tude", Passwords().hashed("\u00e9tude-\u00e9tude"))


def test_a_refusal_is_written_down_without_the_name(
    installation: Installation, drill: Centre, live: Centre, door: SigningIn, operator: Person
) -> None:
    guess(door, 2)
    guess(door, 1, name="nobody")
    (_, actor, payload), (_, _, again) = [one for one in entries(installation, drill) if one[0] == "SignInRefused"]
    assert payload == again
    assert set(payload) == {"name_hash"}
    assert "wang" not in f"{actor}{payload}"
    (unknown,) = [one for one in entries(installation, live) if one[0] == "SignInRefused"]
    assert unknown[2]["name_hash"] != payload["name_hash"]


def test_after_so_many_wrong_passwords_even_the_right_one_waits_for_the_end_of_the_window(
    door: SigningIn, clock: FrozenClock, operator: Person
) -> None:
    clock.advance(timedelta(seconds=100))
    guess(door, OF_ONE_NAME)
    with pytest.raises(TooManyFailures) as error:
        door.sign_in("wang", PASSWORD)
    assert error.value.retry_after == window_of(clock.now()) + WINDOW - clock.now()
    assert timedelta(0) < error.value.retry_after <= WINDOW
    clock.advance(error.value.retry_after - timedelta(microseconds=1))
    with pytest.raises(TooManyFailures):
        door.sign_in("wang", PASSWORD)
    clock.advance(timedelta(microseconds=1))
    assert door.sign_in("wang", PASSWORD).session.person == operator


def test_tries_that_are_refused_unseen_do_not_make_the_wait_longer(
    door: SigningIn, clock: FrozenClock, operator: Person
) -> None:
    guess(door, OF_ONE_NAME)
    for _ in range(5):
        with pytest.raises(TooManyFailures):
            door.sign_in("wang", "not the password")
    clock.advance(WINDOW)
    assert door.sign_in("wang", PASSWORD).session.person == operator


def test_the_right_password_clears_what_the_name_had_against_it(door: SigningIn, operator: Person) -> None:
    for _ in range(3):
        guess(door, OF_ONE_NAME - 1)
        door.sign_in("wang", PASSWORD)


def test_guesses_at_one_name_keep_nobody_else_out(
    installation: Installation, drill: Centre, door: SigningIn, operator: Person
) -> None:
    person(installation, drill, name="zhao", password=PASSWORD, passwords=door.passwords)
    guess(door, OF_ONE_NAME)
    assert door.sign_in("zhao", PASSWORD).session.person.name == "zhao"


def test_guesses_at_many_names_meet_the_limit_of_the_whole_installation_and_known_browsers_pass(
    installation: Installation, door: SigningIn, clock: FrozenClock, operator: Person
) -> None:
    key = installation.vault.keys.session
    for number in range(OF_ALL):
        with installation.database.begin(None) as connection:
            count(connection, subjects_of(key, f"name{number}", None), clock.now())
    with pytest.raises(TooManyFailures):
        door.sign_in("wang", PASSWORD)
    assert door.sign_in("wang", PASSWORD, browser="b1").session.person == operator
    clock.advance(WINDOW)
    assert door.sign_in("wang", PASSWORD).session.person == operator


def test_a_known_browser_has_its_own_limit(door: SigningIn, operator: Person) -> None:
    guess(door, OF_ONE_NAME)
    with pytest.raises(TooManyFailures):
        door.sign_in("wang", PASSWORD)
    guess(door, OF_ONE_NAME, browser="b1")
    with pytest.raises(TooManyFailures):
        door.sign_in("wang", PASSWORD, browser="b1")
    door.sign_in("wang", PASSWORD, browser="b2")


def test_guesses_at_once_are_no_more_than_guesses_in_turn(door: SigningIn, operator: Person) -> None:
    def one(number: int) -> str:
        try:
            door.sign_in("wang", f"guess {number}")
        except TooManyFailures:
            return "unseen"
        except SignInRefused:
            return "seen"
        return "in"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(OF_ONE_NAME + 15)))
    assert results.count("seen") == OF_ONE_NAME
    assert results.count("unseen") == 15


def test_old_windows_are_forgotten_and_names_are_stored_as_keyed_hashes(
    installation: Installation, door: SigningIn, clock: FrozenClock, operator: Person
) -> None:
    guess(door, 1, name="nobody")
    clock.advance(timedelta(days=2))
    door.sign_in("wang", PASSWORD)
    with installation.database.begin(None) as connection:
        assert connection.scalar(text("SELECT count(*) FROM sign_in_failures")) == 0
    (_, mine), (_, other) = (subjects_of(key, "wang", None) for key in (b"a" * 32, b"b" * 32))
    assert mine.hash != other.hash


def test_no_more_than_the_cap_verify_at_once_and_one_who_waits_too_long_is_told_so() -> None:
    inside: list[str] = []
    full, leave = threading.Event(), threading.Event()

    def wait(hash_: str) -> None:
        inside.append(hash_)
        if len(inside) == 2:
            full.set()
        leave.wait(10)

    ours = Passwords(Watched(wait, **CHEAP), at_once=2, wait_seconds=0.05)
    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(ours.is_right, "x", None) for _ in range(2)]
        assert full.wait(10)
        with pytest.raises(Unavailable) as error:
            ours.is_right("x", None)
        assert len(inside) == 2
        leave.set()
        assert [one.result() for one in busy] == [False, False]
    assert "Retry-After" in error.value.headers
    assert not ours.is_right("x", None)
    assert len(inside) == 3


def test_no_transaction_is_open_while_a_password_is_verified(
    installation: Installation, drill: Centre, operator: Person
) -> None:
    out: list[int] = []
    pool: Any = installation.database.engine.pool
    door = door_of(installation, Watched(lambda _: out.append(pool.checkedout()), **CHEAP))
    got = door.sign_in("wang", PASSWORD)
    door.change_password(got.session, PASSWORD, NEW)
    assert out == [0, 0]


def test_a_sign_in_ends_the_session_that_the_browser_showed(
    installation: Installation, drill: Centre, live: Centre, door: SigningIn, operator: Person
) -> None:
    for centre in (drill, live):
        before = opened(installation, centre, person(installation, centre, name=f"before-{centre.code}"))
        after = door.sign_in("wang", PASSWORD, replaces=before.session)
        assert after.token != before.token
        assert sessions.find(installation.database, installation.clock, token_hash(before.token)) is None
        assert sessions.find(installation.database, installation.clock, token_hash(after.token)) is not None


@pytest.mark.parametrize("what", ["disabled", "other password"])
def test_what_happens_to_a_login_while_its_password_is_verified_counts(
    installation: Installation,
    drill: Centre,
    operator: Person,
    what: str,
) -> None:
    def act(_hash: str) -> None:
        with installation.database.begin(drill.id) as connection:
            work = installation.work(connection, drill.id, "cli:test")
            if what == "disabled":
                disable(work, operator.id)
            else:
                set_password(work, operator.id, Passwords().hash_of_nothing(), must_change=True)

    with refused():
        door_of(installation, Watched(act, **CHEAP)).sign_in("wang", PASSWORD)
    assert "SignedIn" not in kinds(installation, drill)


def test_a_hash_made_with_less_work_is_made_anew_at_the_sign_in(
    installation: Installation, drill: Centre, operator: Person
) -> None:
    for _ in range(2):
        door_of(installation, argon2.PasswordHasher()).sign_in("wang", PASSWORD)
    with installation.database.begin(drill.id) as connection:
        stored = connection.execute(text("SELECT password_hash FROM users WHERE name = 'wang'")).scalar_one()
    assert argon2.extract_parameters(stored) == argon2.extract_parameters(Passwords().hash_of_nothing())


def test_another_password_needs_the_old_one_ends_the_other_sessions_and_opens_a_new_one(
    installation: Installation, drill: Centre, door: SigningIn, clock: FrozenClock
) -> None:
    person(installation, drill, name="fresh", password=PASSWORD, must_change=True, passwords=door.passwords)
    first = door.sign_in("fresh", PASSWORD)
    other = door.sign_in("fresh", PASSWORD)
    assert first.session.person.must_change
    with refused():
        door.change_password(first.session, "not the password", NEW)
    got = door.change_password(first.session, PASSWORD, NEW)
    assert not got.session.person.must_change
    for token, is_open in ((first.token, False), (other.token, False), (got.token, True)):
        assert (sessions.find(installation.database, clock, token_hash(token)) is not None) is is_open
    with refused():
        door.sign_in("fresh", PASSWORD)
    door.sign_in("fresh", NEW)
    changed = [one for one in entries(installation, drill) if one[0] == "PasswordChanged"]
    assert [(actor, payload["sessions_ended"]) for _, actor, payload in changed] == [("user:fresh", 2)]


@pytest.mark.parametrize(
    ("new", "fault"), [("short", "short"), ("wangwangwangwang", "name"), (PASSWORD, "same"), ("x" * 300, "long")]
)
def test_a_new_password_that_is_not_good_enough_changes_nothing(
    door: SigningIn, operator: Person, new: str, fault: str
) -> None:
    got = door.sign_in("wang", PASSWORD)
    with pytest.raises(NewPasswordRefused) as error:
        door.change_password(got.session, PASSWORD, new)
    assert error.value.fault == fault
    door.sign_in("wang", PASSWORD)


def test_the_old_password_cannot_be_guessed_from_an_open_session_either(door: SigningIn, operator: Person) -> None:
    got = door.sign_in("wang", PASSWORD)
    for _ in range(OF_ONE_NAME):
        with refused():
            door.change_password(got.session, "not the password", NEW)
    with pytest.raises(TooManyFailures):
        door.change_password(got.session, PASSWORD, NEW)


def test_a_sign_out_ends_the_session_and_is_written_down(
    installation: Installation, drill: Centre, door: SigningIn, operator: Person
) -> None:
    got = door.sign_in("wang", PASSWORD)
    door.sign_out(got.session)
    assert sessions.find(installation.database, installation.clock, token_hash(got.token)) is None
    assert kinds(installation, drill) == ["SignedIn", "SignedOut"]


def test_a_login_without_a_known_hash_lets_nobody_in(
    installation: Installation, drill: Centre, door: SigningIn
) -> None:
    who = person(installation, drill, name="nopass")
    for password in ("", "!", PASSWORD):
        with refused():
            door.sign_in(who.name, password)
