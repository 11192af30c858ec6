"""Which definition takes a payment: the centre's ordinary one, or another by country, asset and border.

The centre decides this, not the report. Asked for every report, so it is one
statement, and what it names is kept parsed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select, update

from antifraud.cases import definitions
from antifraud.cases.models import definitions as stored
from antifraud.cases.models import routes
from antifraud.foundation.db import ask
from antifraud.work import Work
from workflows import Definition


class RouteRefused(ValueError):
    """The route cannot be: a live centre routes to nothing that nobody approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a payment went, as far as it is known: the receiver's country (ISO 3166), the asset, across a border."""

    jurisdiction: str | None
    asset: str | None
    cross_border: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route; what is None does not matter. `beside`: the definition takes the payment as well, not instead."""

    position: int
    jurisdiction: str | None
    asset: str | None
    cross_border: bool | None
    beside: bool
    definition: Definition

    def fits(self, where: Where) -> bool:
        """Tell whether the route takes a payment; what is not known of it fits nothing that asks for it."""
        return all(
            wanted is None or wanted == given
            for wanted, given in (
                (self.jurisdiction, where.jurisdiction),
                (self.asset, where.asset),
                (self.cross_border, where.cross_border),
            )
        )


@dataclass(frozen=True, slots=True)
class Routing:
    """The centre's routes in their order, and the definition of all that none takes."""

    ordinary: Definition
    routes: tuple[Route, ...] = ()

    def definitions_for(self, where: Where) -> tuple[Definition, ...]:
        """Return the definitions that a payment goes under: one, and those that run beside it."""
        fitting = [route for route in self.routes if route.fits(where)]
        first = next((route.definition for route in fitting if not route.beside), self.ordinary)
        found = {first.content_hash: first}
        found |= {route.definition.content_hash: route.definition for route in fitting if route.beside}
        return tuple(found.values())

    def is_routed(self, definition: Definition) -> bool:
        """Tell whether a definition takes payments only by a route: any version of it."""
        if definition.id == self.ordinary.id:
            return False
        return any(route.definition.id == definition.id for route in self.routes)


_ROUTING: Final = """
    SELECT 0 AS position, NULL AS jurisdiction, NULL AS asset, NULL::boolean AS cross_border, false AS beside,
        activations.content_hash, activations.status, definitions.id, definitions.version, centres.kind
    FROM activations
    JOIN definitions ON definitions.content_hash = activations.content_hash
    JOIN centres ON centres.id = activations.centre_id
    WHERE activations.centre_id = $1 AND activations.ended_at IS NULL
    UNION ALL
    SELECT position, jurisdiction, asset, cross_border, beside, content_hash, status, NULL, NULL, NULL
    FROM routes WHERE centre_id = $1 AND ended_at IS NULL
    ORDER BY position
"""


class _Found(NamedTuple):
    """One row of it; the first (position 0) says what is in force."""

    position: int
    jurisdiction: str | None
    asset: str | None
    cross_border: bool | None
    beside: bool
    content_hash: str
    status: str
    id: str | None
    version: int | None
    kind: str | None


def routing_of(connection: Connection, centre_id: UUID) -> Routing:
    """Return how the centre routes payments now.

    Raises:
        NoDefinitionInForce: No ordinary definition is in force, or only an example in a live centre.
    """
    rows = [_Found(*row) for row in ask(connection, _ROUTING, [centre_id])]
    first = rows[0] if rows and rows[0].position == 0 else None
    definitions.refuse_example(first)
    return Routing(
        definitions.by_hash(connection, rows[0].content_hash),
        tuple(
            Route(
                position=row.position,
                jurisdiction=row.jurisdiction,
                asset=row.asset,
                cross_border=row.cross_border,
                beside=row.beside,
                definition=definitions.by_hash(connection, row.content_hash),
            )
            for row in rows[1:]
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A route as people read it."""

    position: int
    jurisdiction: str | None
    asset: str | None
    cross_border: bool | None
    beside: bool
    name: str
    status: str
    approver: str | None


def listed(connection: Connection, centre_id: UUID) -> Sequence[Listed]:
    """Return the routes of a centre, in their order."""
    rows = connection.execute(
        select(routes, stored.c.id.label("definition"), stored.c.version)
        .join(stored, stored.c.content_hash == routes.c.content_hash)
        .where(routes.c.centre_id == centre_id, routes.c.ended_at.is_(None))
        .order_by(routes.c.position)
    )
    return [
        Listed(
            position=row.position,
            jurisdiction=row.jurisdiction,
            asset=row.asset,
            cross_border=row.cross_border,
            beside=row.beside,
            name=f"{row.definition}.v{row.version}",
            status=row.status,
            approver=row.approver,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A route to be set; None does not matter."""

    position: int
    jurisdiction: str | None = None
    asset: str | None = None
    cross_border: bool | None = None
    beside: bool = False


def set_route(work: Work, content_hash: str, wanted: Wanted, *, approver: str | None, is_live: bool) -> bool:
    """Put a route at its position, in place of the one there; return whether that changed anything.

    Raises:
        RouteRefused: A live centre, and nobody approved the definition.
        CalendarMissing: It would be approved, but counts days that no calendar knows.
    """
    if is_live and not approver:
        message = "a live centre routes to no example: say who approved the definition"
        raise RouteRefused(message)
    if approver:
        definitions.refuse_uncounted(work, content_hash)
    values = {
        "jurisdiction": wanted.jurisdiction,
        "asset": wanted.asset,
        "cross_border": wanted.cross_border,
        "beside": wanted.beside,
        "content_hash": content_hash,
        "status": "active" if approver else "example",
    }
    there = work.connection.execute(
        select(routes).where(
            routes.c.centre_id == work.centre_id, routes.c.position == wanted.position, routes.c.ended_at.is_(None)
        )
    ).one_or_none()
    if there is not None and all(getattr(there, name) == value for name, value in values.items()):
        return False
    end_route(work, wanted.position)
    work.connection.execute(
        routes.insert().values(
            id=work.new_id(),
            centre_id=work.centre_id,
            position=wanted.position,
            approver=approver,
            at=work.now(),
            **values,
        )
    )
    return True


def end_route(work: Work, position: int) -> bool:
    """Take the route at a position away; open procedures keep their definition. Return whether there was one."""
    ended = work.connection.execute(
        update(routes)
        .where(routes.c.centre_id == work.centre_id, routes.c.position == position, routes.c.ended_at.is_(None))
        .values(ended_at=work.now())
    )
    return bool(ended.rowcount)
