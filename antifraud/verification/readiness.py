"""Is this process ready to take reports? Each thing that it needs, looked at by itself.

Ready means: a report that came now would be stored, encrypted and dispatched by the rules in force. A process that is
not ready still answers; whoever spreads the requests is to send them elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog
from alembic.script import ScriptDirectory
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from antifraud.auth.service import Centre
from antifraud.cases import definitions
from antifraud.foundation.lifetime import Lifetime
from antifraud.installation import Installation

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
OK = "ok"
NOT_LOOKED_AT = "not looked at: the database cannot be reached"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that taking a report needs; `found` is ``ok``, or what is wrong in a few words."""

    name: str
    found: str

    @property
    def is_ok(self) -> bool:
        """Whether it is as it must be."""
        return self.found == OK


def readiness(installation: Installation, lifetime: Lifetime) -> list[Check]:
    """Look at everything: not stopping, database, schema, keys, definition, in this order."""
    running = Check("running", "stopping" if lifetime.is_stopping else OK)
    try:
        return [running, *_in_database(installation)]
    except (DBAPIError, PoolTimeout) as error:
        # Not the message: it names the server and its user.
        found = "no connection was free" if isinstance(error, PoolTimeout) else "cannot be reached"
        log.warning("not_ready", check="database", kind=type(error).__name__)
        return [
            running,
            Check("database", found),
            *(Check(name, NOT_LOOKED_AT) for name in ("schema", "keys", "definition")),
        ]


def _in_database(installation: Installation) -> Iterator[Check]:
    with installation.database.begin(None) as connection:
        connection.execute(text("SELECT 1"))
        schema = Check("schema", _schema(connection.scalar(text("SELECT version_num FROM alembic_version"))))
    yield Check("database", OK)
    yield schema
    if not schema.is_ok:
        yield from (Check(name, "not looked at: the schema is another one") for name in ("keys", "definition"))
        return
    centres = installation.centres()
    keys, schemes = [], []
    for centre in centres:
        with installation.database.begin(centre.id) as connection:
            keys.append(_key(installation, connection, centre))
            schemes.append(_scheme(connection, centre))
    yield Check("keys", _first_fault(keys))
    yield Check("definition", _first_fault(schemes))


def _first_fault(found: list[str]) -> str:
    if not found:
        return "there is no centre yet: run the set-up"
    return next((one for one in found if one != OK), OK)


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """Return the newest revision that this program knows, and all of them."""
    script = ScriptDirectory(str(MIGRATIONS))
    return script.get_current_head(), frozenset(revision.revision for revision in script.walk_revisions())


def _schema(stands: str | None) -> str:
    """Compare the schema with the newest known; a newer one is served too, since migrations first expand.

    Between the migration and the reload of an upgrade every process meets a newer one.
    """
    newest, known = _revisions()
    if stands is None:
        return "there are no tables: run antifraud db prepare"
    if stands in known and stands != newest:
        return f"stands at {stands} and must be {newest}: run antifraud db prepare"
    return OK


def _key(installation: Installation, connection: Connection, centre: Centre) -> str:
    """Open the centre's newest data key that still exists: with other master keys nothing could be read or sent."""
    row = connection.execute(
        text(
            "SELECT id, wrapped, master_version FROM data_keys WHERE centre_id = :centre AND wrapped IS NOT NULL"
            " AND kind = 'directory' LIMIT 1"
        ),
        {"centre": centre.id},
    ).one_or_none()
    if row is None:
        return f"{centre.code} has no directory key: run the set-up"
    try:
        installation.vault.unwrap(row.id, bytes(row.wrapped), row.master_version)
    except (InvalidTag, KeyError):
        return f"the master key does not open the data of {centre.code}: restore the folder of keys"
    return OK


def _scheme(connection: Connection, centre: Centre) -> str:
    """Load what is in force, also an example: a live centre under one stores reports, and its people know."""
    content_hash = connection.scalar(
        text("SELECT content_hash FROM activations WHERE centre_id = :centre AND ended_at IS NULL"),
        {"centre": centre.id},
    )
    if content_hash is None:
        return f"{centre.code} has no definition in force: run antifraud workflow activate"
    try:
        definitions.by_hash(connection, content_hash)
    except (LookupError, ValueError) as error:
        log.warning("definition_not_loadable", centre=centre.code, kind=type(error).__name__)
        return f"the definition in force in {centre.code} cannot be loaded"
    return OK
