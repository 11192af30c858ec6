"""Ready to take reports, or not, and what is in the way."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from antifraud.foundation.access import HEADER, register_access
from antifraud.foundation.db import Database, bind
from antifraud.foundation.lifetime import Lifetime
from antifraud.foundation.web import register_problem_handlers
from antifraud.installation import Installation
from antifraud.vault.service import Vault
from antifraud.verification.routes import blueprint


@pytest.fixture
def lifetime() -> Lifetime:
    return Lifetime()


def client_of(installation: Installation, lifetime: Lifetime) -> FlaskClient:
    app = Flask("health", static_folder=None)
    register_access(app)
    register_problem_handlers(app)
    app.register_blueprint(blueprint(installation, lifetime))
    return app.test_client()


@pytest.fixture
def client(installation: Installation, lifetime: Lifetime) -> FlaskClient:
    return client_of(installation, lifetime)


def as_owner(installation: Installation, statement: str) -> None:
    """Change what only the owner of the tables may, in the drill centre."""
    drill = next(centre for centre in installation.centres() if centre.code == "drill")
    engine = create_engine(installation.settings.database_url or "")
    with engine.begin() as connection:
        bind(connection, drill.id)
        connection.execute(text(statement))
    engine.dispose()


def test_a_service_with_all_it_needs_is_ready(client: FlaskClient) -> None:
    told = client.get("/readyz")
    assert told.status_code == 200
    assert told.get_json()["status"] == "ready"
    assert set(told.get_json()["checks"]) == {"running", "database", "schema", "keys", "definition"}
    assert len(told.headers[HEADER]) == 32


def test_a_service_that_stops_is_not_ready_at_once_and_one_that_is_replaced_still_is(
    installation: Installation, client: FlaskClient, lifetime: Lifetime
) -> None:
    replaced = Lifetime()
    replaced.end(replaced=True)
    assert client_of(installation, replaced).get("/readyz").status_code == 200
    lifetime.end()
    told = client.get("/readyz")
    assert (told.status_code, told.get_json()["checks"]["running"]) == (503, "stopping")
    assert told.headers["Retry-After"] == "5"
    assert client.get("/livez").status_code == 200


def test_without_a_database_it_is_not_ready_and_says_no_address(installation: Installation, lifetime: Lifetime) -> None:
    away = replace(installation, database=Database("postgresql+psycopg://somebody:secret@127.0.0.1:1/nowhere"))
    told = client_of(away, lifetime).get("/readyz")
    assert (told.status_code, told.get_json()["checks"]["database"]) == (503, "cannot be reached")
    assert "secret" not in told.text
    assert "somebody" not in told.text


def test_a_pool_without_a_free_connection_is_not_ready(installation: Installation, lifetime: Lifetime) -> None:
    narrow = Database(installation.settings.app_database_url or "", pool_size=1)
    narrow.engine = create_engine(narrow.url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with narrow.begin(None):
        told = client_of(replace(installation, database=narrow), lifetime).get("/readyz")
    narrow.close()
    assert (told.status_code, told.get_json()["checks"]["database"]) == (503, "no connection was free")


def spoil_schema(installation: Installation) -> Installation:
    as_owner(installation, "UPDATE alembic_version SET version_num = '0001_spine'")
    return installation


def spoil_keys(installation: Installation) -> Installation:
    keys = installation.vault.keys
    others = {version: bytes(32) for version in keys.masters}
    return replace(installation, vault=Vault(replace(keys, masters=others)))


def spoil_definition(installation: Installation) -> Installation:
    as_owner(
        installation,
        "INSERT INTO definitions (content_hash, id, version, text, loaded_at)"
        " VALUES ('spoilt', 'spoilt', 1, 'no = \"scheme\"', now())",
    )
    as_owner(installation, "UPDATE activations SET content_hash = 'spoilt' WHERE ended_at IS NULL")
    return installation


def end_definitions(installation: Installation) -> Installation:
    as_owner(installation, "UPDATE activations SET ended_at = at + interval '1 s'")
    return installation


@pytest.mark.parametrize(
    ("spoil", "check", "says"),
    [
        (spoil_schema, "schema", "stands at 0001_spine and must be"),
        (spoil_keys, "keys", "the master key does not open"),
        (spoil_definition, "definition", "cannot be loaded"),
        (end_definitions, "definition", "has no definition in force"),
    ],
)
def test_the_check_that_failed_is_named(
    installation: Installation,
    lifetime: Lifetime,
    spoil: Callable[[Installation], Installation],
    check: str,
    says: str,
) -> None:
    told = client_of(spoil(installation), lifetime).get("/readyz")
    assert told.status_code == 503
    assert says in told.get_json()["checks"][check]
    assert told.get_json()["checks"]["database"] == "ok"


def test_a_schema_newer_than_the_program_is_served_until_the_reload(
    installation: Installation, client: FlaskClient
) -> None:
    as_owner(installation, "UPDATE alembic_version SET version_num = '9999_of_tomorrow'")
    assert client.get("/readyz").status_code == 200
