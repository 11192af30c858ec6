"""Logins: one name in the whole installation, one human being perhaps behind two, settings of their own."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from antifraud.auth.passwords import PASSWORDS
from antifraud.auth.people import (
    NotALogin,
    UnknownLogin,
    active_people,
    add_person,
    change_settings,
    everybody,
    people_by_id,
    person_named,
)
from antifraud.auth.service import Centre
from antifraud.auth.signing_in import disable, enable
from antifraud.installation import Installation
from tests.factories.people import person


def test_a_login_is_found_by_its_id_in_its_own_centre_only(
    installation: Installation, drill: Centre, live: Centre
) -> None:
    who = person(installation, drill, ("auditor", "operator"), name="Wang")
    with installation.database.begin(drill.id) as connection:
        assert people_by_id(connection, [who.id, uuid4()]) == {who.id: who}
        assert person_named(connection, " WANG ") == who
    with installation.database.begin(live.id) as connection:
        assert people_by_id(connection, [who.id]) == {}
        with pytest.raises(UnknownLogin):
            person_named(connection, "wang")
    assert who.roles == ("operator", "auditor")
    assert who.may("record.verify")
    assert not who.may("measure.approve")


@pytest.mark.parametrize(
    ("name", "roles"),
    [("", ["operator"]), ("a b", ["operator"]), ("ok", []), ("ok", ["boss"]), ("taken", ["operator"])],
)
def test_what_cannot_be_a_login_is_refused_and_leaves_nothing(
    installation: Installation, drill: Centre, live: Centre, name: str, roles: list[str]
) -> None:
    person(installation, drill, name="taken")
    for centre in (drill, live):
        with installation.database.begin(centre.id) as connection:
            before = len(everybody(connection))
            with pytest.raises(NotALogin):
                add_person(
                    installation.work(connection, centre.id, "cli:test"), name, roles, PASSWORDS.hash_of_nothing()
                )
            assert len(everybody(connection)) == before


def test_two_logins_may_be_one_human_being(installation: Installation, drill: Centre) -> None:
    first = person(installation, drill, name="li")
    second = person(installation, drill, ("supervisor",), name="li-lead", person_id=first.person_id)
    other = person(installation, drill, name="zhao")
    assert first.id != second.id
    assert first.person_id == second.person_id != other.person_id


def test_a_disabled_login_stays_known_and_is_no_longer_active_until_it_is_enabled(
    installation: Installation, drill: Centre
) -> None:
    who = person(installation, drill, name="gone")
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "cli:test")
        disable(work, who.id)
        assert who not in active_people(connection)
        assert (who, True) in everybody(connection)
        assert people_by_id(connection, [who.id]) == {who.id: who}
        assert enable(work, who.id)
        assert not enable(work, who.id)
        assert who in active_people(connection)
        kinds = connection.scalars(
            text("SELECT kind FROM entries WHERE stream LIKE 'auth:%' ORDER BY seq DESC LIMIT 2")
        )
        assert list(kinds) == ["PersonEnabled", "PersonDisabled"]


def test_settings_are_kept_and_what_there_is_not_is_refused(installation: Installation, drill: Centre) -> None:
    who = person(installation, drill, name="wang")
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, who.actor)
        change_settings(work, who.id, locale="en", theme="dark", has_shortcuts=False)
        changed = person_named(connection, "wang")
        assert (changed.locale, changed.theme, changed.has_shortcuts) == ("en", "dark", False)
        change_settings(work, who.id, locale=None, theme=None, has_shortcuts=True)
        assert person_named(connection, "wang") == who
        with pytest.raises(ValueError, match="languages"):
            change_settings(work, who.id, locale="fr", theme=None, has_shortcuts=True)
