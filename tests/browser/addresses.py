"""Every page of the console: its address in the tests' scene, and who looks at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from antifraud.auth.people import Person
from tests.browser.people import Staff
from tests.browser.scene import Scene

Role = Literal["nobody", "operator", "supervisor", "auditor", "administrator"]
ROLES: Final[tuple[Role, ...]] = ("operator", "supervisor", "auditor", "administrator")


@dataclass(frozen=True, slots=True)
class Place:
    """One page: `address` may name members of the scene; the first of `roles` looks at it in the walks."""

    address: str
    roles: tuple[Role, ...]

    def at(self, scene: Scene) -> str:
        """Return the address in the scene."""
        return self.address.format(no=scene.case_no, week=scene.week)

    def visitor(self, staff: Staff) -> Person | None:
        """Return who looks at it in a walk."""
        return None if self.roles[0] == "nobody" else person_of(staff, self.roles[0])


EVERYBODY: Final[tuple[Role, ...]] = ("nobody", *ROLES)
PAGES: Final[Mapping[str, Place]] = {
    "sign-in": Place("/sign-in", ("nobody",)),
    "worklist": Place("/", ("operator", "supervisor")),
    "worklist-open": Place("/?scope=open", ("supervisor", "operator")),
    "worklist-mine": Place("/?scope=mine", ("operator", "supervisor")),
    "report": Place("/reports/new", ("operator", "supervisor")),
    "cases": Place("/cases", ("auditor", "operator", "supervisor")),
    "case": Place("/cases/{no}", ("operator", "supervisor", "auditor")),
    "case-move": Place("/cases/{no}/move", ("supervisor",)),
    "simulate": Place("/workflows/simulate", ("supervisor", "auditor")),
    "approvals": Place("/approvals", ("supervisor",)),
    "weekly": Place("/weekly/{week}", ("auditor", "operator", "supervisor", "administrator", "nobody")),
    "weekly-items": Place("/weekly/{week}/items", ("supervisor", "auditor")),
    "schemes": Place("/workflows", ("supervisor", "auditor", "administrator")),
    "scheme": Place("/workflows/cn_emergency_stop.v1", ("auditor", "supervisor", "administrator")),
    "help": Place("/help", ("operator", "supervisor", "auditor", "administrator")),
    "account": Place("/account", ("operator", "supervisor", "auditor", "administrator")),
    "password": Place("/password", ("operator", "supervisor", "auditor", "administrator")),
    "people": Place("/people", ("administrator",)),
}
"""Who may see which page, written down a second time: the product has its own table."""


def person_of(staff: Staff, role: Role) -> Person:
    """Return the person of a role."""
    found: Person = getattr(staff, role)
    return found
