"""``antifraud user``, and the logins that the set-up makes: passwords are shown once, and only by what made them."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from antifraud.auth import sessions
from antifraud.auth.people import everybody, person_named
from antifraud.auth.service import Centre, token_hash
from antifraud.auth.signing_in import SigningIn, SignInRefused
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.settings import Settings
from antifraud.founding import prepare
from antifraud.installation import Installation
from antifraud.supervisor.postgres import EmbeddedPostgres
from tests.factories.commands import run
from tests.factories.people import opened

SHOWN = re.compile(r"^(\S+) / ([0-9a-z]{4}(?:-[0-9a-z]{4}){3})  \(shown once", re.MULTILINE)
BY_A_PERSON = re.compile(r"cli:\S+")


def shown(output: str) -> tuple[str, str]:
    found = SHOWN.search(output)
    assert found, output
    return found[1], found[2]


def door(installation: Installation) -> SigningIn:
    return SigningIn(installation.database, installation.clock, installation.vault)


def test_a_login_added_signs_in_by_the_password_that_was_shown_and_must_change_it(
    installation: Installation, drill: Centre
) -> None:
    added = run(installation, "user", "add", "Wang", "--role", "operator", "--role", "auditor", "--centre", "drill")
    assert added.exit_code == 0, added.output
    name, password = shown(added.output)
    person = door(installation).sign_in(name, password).session.person
    assert (person.name, person.roles, person.centre_id) == ("wang", ("operator", "auditor"), drill.id)
    assert person.must_change
    with installation.database.begin(drill.id) as connection:
        row = connection.execute(text("SELECT password_hash FROM users WHERE name = 'wang'")).scalar_one()
        kind, actor = connection.execute(
            text("SELECT kind, actor FROM entries WHERE stream LIKE 'auth:%' ORDER BY seq DESC OFFSET 1 LIMIT 1")
        ).one()
        logged = "".join(connection.scalars(text("SELECT payload::text FROM entries")))
    assert row.startswith("$argon2id$")
    assert password not in row + logged
    assert kind == "PersonAdded"
    assert BY_A_PERSON.fullmatch(actor)


def test_two_logins_of_one_person_are_told_as_one(installation: Installation, drill: Centre) -> None:
    done = run(
        installation,
        "user",
        "add",
        "op-lead",
        "--role",
        "supervisor",
        "--same-person-as",
        "operator",
        "--centre",
        "drill",
    )
    assert done.exit_code == 0, done.output
    with installation.database.begin(drill.id) as connection:
        one, other = (person_named(connection, name) for name in ("operator", "op-lead"))
    assert one.person_id == other.person_id
    assert one.id != other.id


def test_a_new_password_ends_the_sessions_and_the_old_one(installation: Installation, live: Centre) -> None:
    first = shown(run(installation, "user", "add", "li", "--role", "operator").output)[1]
    with installation.database.begin(live.id) as connection:
        who = person_named(connection, "li")
    token = opened(installation, live, who).token
    second = shown(run(installation, "user", "password", "li").output)[1]
    assert second != first
    assert sessions.find(installation.database, installation.clock, token_hash(token)) is None
    with pytest.raises(SignInRefused):
        door(installation).sign_in("li", first)
    assert door(installation).sign_in("li", second).session.person.must_change


def test_a_disabled_login_is_listed_as_such_and_comes_back_by_a_new_password(
    installation: Installation, drill: Centre
) -> None:
    def line() -> str:
        listed = run(installation, "user", "list", "--centre", "drill").output.splitlines()
        (found,) = [one for one in listed if one.split()[1] == "operator"]
        return found

    assert line().endswith("active")
    assert run(installation, "user", "disable", "operator", "--centre", "drill").output == "disabled\n"
    assert run(installation, "user", "disable", "operator", "--centre", "drill").output == "was disabled before\n"
    assert line().endswith("disabled")
    enabled = run(installation, "user", "enable", "operator", "--centre", "drill")
    assert door(installation).sign_in(*shown(enabled.output)).session.person.name == "operator"
    assert line().endswith("must change")
    assert run(installation, "user", "enable", "operator", "--centre", "drill").exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "operator", "--role", "operator"], "taken"),
        (["add", "a b", "--role", "operator"], "letters and digits"),
        (["add", "new", "--role", "boss"], "boss"),
        (["add", "new"], "--role"),
        (["add", "new", "--role", "operator", "--same-person-as", "nobody"], "no login of that name"),
        (["add", "new", "--role", "operator", "--password", "secret-secret"], "--password"),
        (["password", "nobody"], "no login of that name"),
        (["disable", "operator"], "no login of that name"),
        (["disable", "operator", "--centre", "nowhere"], "there is no centre"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_changes_nothing(
    installation: Installation, live: Centre, words: list[str], said: str
) -> None:
    refused = run(installation, "user", *words)
    assert refused.exit_code != 0
    assert said in refused.output
    assert "Traceback" not in refused.output
    with installation.database.begin(live.id) as connection:
        assert [person.name for person, _ in everybody(connection)] == ["admin"]


def test_the_set_up_says_each_first_password_once_and_production_has_no_practice_logins(
    tmp_path: Path, clock: FrozenClock
) -> None:
    postgres = EmbeddedPostgres(tmp_path / "pg")
    owner_url = postgres.start()
    try:
        settings = Settings(
            home=tmp_path,
            environment="production",
            database_url=owner_url,
            app_database_url=postgres.app_url,
            public_url="https://centre.example",
        )
        said: list[str] = []
        prepare(settings, clock, said.append)
        (line,) = [one for one in said if "sign-in" in one]
        assert re.fullmatch(r"first sign-in: admin / [0-9a-z-]{19}  \(shown once; it must be changed .*\)", line)

        said.clear()
        practising = Settings(
            home=tmp_path, environment="test", database_url=owner_url, app_database_url=postgres.app_url
        )
        prepare(practising, clock, said.append)
        (line,) = [one for one in said if "sign-in" in one]
        found = re.fullmatch(r"practice sign-in: operator, supervisor, auditor / ([0-9a-z-]{19})  \(.*\)", line)
        assert found
        installation = Installation.open(practising)
        for name in ("operator", "supervisor", "auditor"):
            person = door(installation).sign_in(name, found[1]).session.person
            assert person.roles == (name,)
            assert not person.must_change
        installation.database.close()

        said.clear()
        prepare(practising, clock, said.append)
        assert not [one for one in said if "sign-in" in one]
    finally:
        postgres.destroy()
