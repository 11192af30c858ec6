"""The room's addresses: `/cases`, `/cases/<no>` with its acts and moves, `/approvals` and its decisions."""

from flask import Blueprint

from antifraud.console.casework import (
    approvals_pages,
    case_pages,
    deadline_pages,
    list_pages,
    moving_pages,
    simulating_pages,
)
from antifraud.console.frame.page import Console


def blueprint(console: Console) -> Blueprint:
    """Return the room."""
    room = Blueprint("casework", __name__)
    list_pages.register(room, console)
    case_pages.register(room, console)
    deadline_pages.register(room, console)
    moving_pages.register(room, console)
    simulating_pages.register(room, console)
    approvals_pages.register(room, console)
    return room
