"""`/workflows`, `/workflows/<name>` and its drawing: for those who answer for the schemes."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from antifraud.cases import schemes
from antifraud.console.frame.languages import language
from antifraud.console.frame.page import Console, acting, me, needs, page, part
from antifraud.console.frame.texts import gettext as _
from antifraud.console.schemes.drawing import NotDrawn, drawn
from workflows import Definition
from workflows.describing import Rule, rules_of

ROOM: Final = "schemes"


@dataclass(frozen=True, slots=True)
class View:
    """One definition as it is shown."""

    definition: Definition
    standing: schemes.Standing
    rules: tuple[Rule, ...]


def blueprint(console: Console) -> Blueprint:
    """Return the room."""
    room = Blueprint("schemes", __name__)

    @room.get("/workflows")
    @needs("scheme.see")
    def overview() -> str:
        """List the stored definitions with what each is in this centre."""
        with acting(console) as work:
            found = schemes.standing(work.connection, me().centre_id)
        return page("schemes/list.html", room=ROOM, title=_("Schemes"), found=found, words=language())

    @room.get("/workflows/<name>")
    @needs("scheme.see")
    def scheme(name: str) -> str:
        """Show a definition's rules, each with its source."""
        with acting(console) as work:
            text = _text(work.connection, name)
            found = schemes.standing(work.connection, me().centre_id)
        read = schemes.parsed(text)
        standing = next(one for one in found if one.content_hash == read.content_hash)
        view = View(read, standing, rules_of(text, language()))
        title = read.title_zh if language() == "zh" else read.title_en
        return page("schemes/scheme.html", room=ROOM, title=title, view=view, words=language())

    @room.get("/workflows/<name>/states")
    @needs("scheme.see")
    def states(name: str) -> str:
        """Draw how the states of a hold lead to each other, as the check explores them."""
        with acting(console) as work:
            text = _text(work.connection, name)
        try:
            drawing = drawn(text)
        except NotDrawn:
            drawing = None
        return part("schemes/states.html", drawing=drawing)

    return room


def _text(connection: Connection, name: str) -> str:
    try:
        return schemes.text_stored(connection, name)
    except LookupError as error:
        raise NotFound from error
