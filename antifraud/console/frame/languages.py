"""Which language, which theme, which zone: of the person, else of the browser, else of the country."""

from collections.abc import Iterable
from datetime import datetime, time
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale
from werkzeug.datastructures import LanguageAccept

from antifraud.auth.people import Person
from antifraud.console.frame import sessions
from workflows.clocks import zone_of

FOLDERS = {"zh": "zh_Hans_CN", "en": "en"}
"""The languages of the console, and the locale that each is written for."""
TAGS = {"zh": "zh-Hans", "en": "en"}
"""What stands in the page's `lang`: `zh-Hans` gives the right shapes of the characters."""
DEFAULT = "zh"
NIGHT_FROM, NIGHT_TO = time(19), time(7)
DEFAULT_ZONE = "Asia/Shanghai"


def register(app: Flask) -> None:
    """Let every page choose its language."""
    Babel(
        app,
        default_locale=FOLDERS[DEFAULT],
        default_domain="messages",
        default_translation_directories=str(_translations()),
        locale_selector=lambda: FOLDERS[wanted()],
    )


def wanted() -> str:
    """Return the language of this request: the person's, the one asked for by ``?lang=``, or the browser's."""
    if not has_request_context():
        return DEFAULT
    person = sessions.person()
    if person is not None and person.locale in FOLDERS:
        return person.locale
    asked = request.args.get("lang")
    return asked if asked in FOLDERS else from_browser(request.accept_languages)


def from_browser(accepted: LanguageAccept | Iterable[tuple[str, float]]) -> str:
    """Return the first language of the browser's list that we speak; Chinese where it names none."""
    for tag, _ in accepted:
        language = tag.replace("_", "-").split("-")[0].lower()
        if language in FOLDERS:
            return language
    return DEFAULT


def language() -> str:
    """Return the code of the language that is being written: `zh` or `en`."""
    locale: Locale | None = get_locale()
    return DEFAULT if locale is None or locale.language not in FOLDERS else locale.language


def theme_of(person: Person | None, now: datetime, zone: str) -> str | None:
    """Return the theme to write down, or nothing where the system decides: operators have it dark at night."""
    if person is None:
        return None
    if person.theme is not None:
        return person.theme
    local = now.astimezone(ZoneInfo(zone)).time()
    return "dark" if "operator" in person.roles and (local >= NIGHT_FROM or local < NIGHT_TO) else None


def zone() -> ZoneInfo:
    """Return the zone in which times are shown: the centre's."""
    from antifraud.console.frame.page import console  # noqa: PLC0415 - page imports nothing of the languages

    person = sessions.person() if has_request_context() else None
    return zone_of(console().centres[person.centre_id].zone if person is not None else DEFAULT_ZONE)


def _translations() -> str:
    from antifraud.console.catalogue import FOLDER  # noqa: PLC0415 - only here

    return str(FOLDER)
