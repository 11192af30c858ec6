"""The console's texts in the reader's language: what Flask-Babel gives, with the types that it does not ship."""

from typing import TypeAlias

import flask_babel

LazyString: TypeAlias = flask_babel.LazyString
"""A text whose language is chosen when it is written, not when it is named."""


def gettext(text: str, **values: object) -> str:
    """Return the text in the reader's language, with ``%(name)s`` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return the text for that number, which ``%(num)s`` stands for."""
    return str(flask_babel.ngettext(one, many, number, **values))


def lazy_gettext(text: str, **values: object) -> LazyString:
    """Return a text that is put into the reader's language later, where it is shown."""
    return flask_babel.lazy_gettext(text, **values)
