"""Who works in the tests' centre: real logins, real sessions, real cookies."""

from dataclasses import dataclass
from typing import Final, Literal

from antifraud.auth.people import Person, change_settings
from antifraud.console.frame.sessions import cookie_name
from tests.factories.people import opened, person
from tests.processes.harness import System

PASSWORD: Final = "雨落在 the-roof-42"
Language = Literal["zh", "en"]
Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of the drill centre, by what they do."""

    operator: Person
    colleague: Person
    supervisor: Person
    auditor: Person
    administrator: Person


def engage(station: System) -> Staff:
    """Give every role a login with the one password of the tests."""

    def make(name: str, role: str) -> Person:
        return person(station.installation, station.drill, (role,), name=name, password=PASSWORD)

    return Staff(
        operator=make("陈静", "operator"),
        colleague=make("刘洋", "operator"),
        supervisor=make("王磊", "supervisor"),
        auditor=make("周敏", "auditor"),
        administrator=make("何力", "administrator"),
    )


def session_cookie(station: System, who: Person) -> tuple[str, str]:
    """Open a session and return its cookie: what a sign-in leaves in the browser."""
    token = opened(station.installation, station.drill, who).token
    return cookie_name(station.settings.public_url), token


def wants(station: System, who: Person, language: Language | None, theme: Theme | None) -> None:
    """Keep in the login how this person wants the console."""
    with station.installation.database.begin(station.drill.id) as connection:
        work = station.installation.work(connection, station.drill.id, who.actor)
        change_settings(work, who.id, locale=language, theme=theme, has_shortcuts=True)
