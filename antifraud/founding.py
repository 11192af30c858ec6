"""What must be there before the first process: schema, second role, keys, centres, directory, sources, definitions.

Every step looks first and makes only what is missing, so that it runs at each
start and after an upgrade.
"""

import csv
import importlib
import os
import pwd
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import argon2
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from antifraud.audit.service import Happening, append_to_area
from antifraud.auth.models import centres, sources, users
from antifraud.auth.service import token_hash
from antifraud.banks.models import channels, institution_keys, institutions
from antifraud.cases import definitions
from antifraud.cases.models import assets
from antifraud.channel.signatures import public_key_text
from antifraud.foundation.clock import Clock
from antifraud.foundation.db import Database, bind, metadata
from antifraud.foundation.ids import new_id, random_token
from antifraud.foundation.money import ASSETS
from antifraud.foundation.settings import APPLICATION_ROLE, Settings
from antifraud.simulator import setup as simulator
from antifraud.vault.keyring import KeyRing
from antifraud.vault.models import data_keys
from antifraud.vault.service import Vault
from antifraud.work import Work
from workflows import bundled, library

Say = Callable[[str], None]

LIVE: Final = "centre"
DRILL: Final = "drill"
DEFINITION: Final = ("cn_emergency_stop", 1)
MONTHS_AHEAD: Final = 13
MIGRATIONS: Final = Path(__file__).resolve().parent.parent / "migrations"
MODELS: Final = tuple(
    f"antifraud.{capability}.models"
    for capability in (
        *("audit", "auth", "banks", "cases", "channel", "deadlines"),
        *("intake", "outbox", "runs", "timeliness", "vault"),
    )
)


@dataclass(frozen=True, slots=True)
class _Source:
    code: str
    name: str
    trust: str
    may_send_history: bool
    quota_per_minute: int


SOURCES: Final = (
    _Source("110", "110 接警台", "dispatches", may_send_history=False, quota_per_minute=6000),
    _Source("96110", "96110 反诈专线", "dispatches", may_send_history=False, quota_per_minute=6000),
    _Source("counter", "银行网点", "dispatches", may_send_history=False, quota_per_minute=600),
    _Source("public", "公众自助上报", "needs_confirmation", may_send_history=False, quota_per_minute=60),
    _Source("import", "历史与本机导入", "dispatches", may_send_history=True, quota_per_minute=60_000),
)
"""The sources that a new centre begins with; each token is made once and lies in a file under `tokens`."""


def alembic_config(connection: Connection) -> Config:
    """Return the migrations' configuration, bound to an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(owner_url: str) -> None:
    """Bring the schema to the newest version, as its owner."""
    engine = create_engine(owner_url)
    try:
        with engine.connect() as connection:
            command.upgrade(alembic_config(connection), "head")
    finally:
        engine.dispose()


def is_current(owner_url: str) -> bool:
    """Tell whether the schema is at the newest version."""
    engine = create_engine(owner_url)
    try:
        with engine.connect() as connection:
            script = ScriptDirectory.from_config(alembic_config(connection))
            return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()
    finally:
        engine.dispose()


def differences_from_models(owner_url: str) -> list[str]:
    """Return where the migrated schema and the tables in the code differ (columns, types, nullability)."""
    for name in MODELS:
        importlib.import_module(name)
    engine = create_engine(owner_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_object": _is_compared}
            )
            return [str(difference) for difference in compare_metadata(context, metadata)]
    finally:
        engine.dispose()


def _is_compared(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001 - alembic's signature
    """Indexes, constraints and partitions are the migrations' own; the code knows tables and columns."""
    return kind in {"table", "column"} and not (name or "").startswith("entries_")


def new_migration(message: str) -> str:
    """Write the next numbered migration and return its path; its name says what it does."""
    script = ScriptDirectory(str(MIGRATIONS), file_template="%(rev)s")
    numbers = [int(revision.revision[:4]) for revision in script.walk_revisions()]
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    name = f"{max(numbers, default=0) + 1:04d}_{slug}"
    made = script.generate_revision(name, message[:1].upper() + message[1:])
    return str(made.path) if made else name


def prepare(settings: Settings, clock: Clock, say: Say) -> None:
    """Do the whole set-up; what exists is left as it is.

    Raises:
        KeysMissing: Some keys of the installation are gone.
    """
    if settings.database_url is None or settings.app_database_url is None:
        message = "no database to prepare: set DATABASE_URL, or start with `make run`"
        raise LookupError(message)
    if KeyRing.create(settings.keys_path):
        say(f"keys made in {settings.keys_path}: back them up; without them the personal data cannot be read")
    _make_role(settings)
    _check_role(settings.app_database_url)
    migrate(settings.database_url)
    _make_partitions_and_sequences(settings.database_url, clock)
    # As the owner: the role of the processes may not make a centre. Row security binds the owner too.
    database = Database(settings.database_url, pool_size=1, application_name="antifraud-prepare")
    vault = Vault(KeyRing.open(settings.keys_path))
    try:
        with database.begin(None) as connection:
            connection.execute(
                upsert(assets).on_conflict_do_nothing(),
                [{"code": asset.code, "exponent": asset.exponent, "kind": asset.kind} for asset in ASSETS.values()],
            )
        password = _found_centre(database, vault, clock, settings, code=LIVE, name="反诈中心", kind="live")
        if settings.environment != "production":
            _found_centre(database, vault, clock, settings, code=DRILL, name="演练中心", kind="drill")
        if password:
            say(f"first sign-in: admin / {password}  (shown once; it must be changed at the first sign-in)")
    finally:
        database.close()
    _make_partitions_and_sequences(settings.database_url, clock)


def _make_role(settings: Settings) -> None:
    """Make the second role where the owner may and it is missing (an embedded server has it already)."""
    app = make_url(settings.app_database_url or "")
    engine = create_engine(settings.database_url or "", isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            exists = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": app.username})
            if not exists:
                # DDL takes no parameters: the server quotes the password itself.
                statement = connection.scalar(
                    text(
                        "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L',"
                        " CAST(:name AS text), CAST(:password AS text))"
                    ),
                    {"name": app.username, "password": app.password},
                )
                connection.exec_driver_sql(statement or "")
    finally:
        engine.dispose()


def _check_role(app_url: str) -> None:
    """See that the processes will get in, before anything is made.

    Raises:
        LookupError: Another user is named, or the server knows the role under another password.
    """
    if make_url(app_url).username != APPLICATION_ROLE:
        message = f"ANTIFRAUD_APP_DATABASE_URL must name the user {APPLICATION_ROLE}: row security is written for it"
        raise LookupError(message)
    engine = create_engine(app_url)
    try:
        engine.connect().close()
    except OperationalError as error:
        message = (
            f"the role {APPLICATION_ROLE} is on this server already and does not take our password:"
            " set ANTIFRAUD_APP_DATABASE_URL to its address and password"
        )
        raise LookupError(message) from error
    finally:
        engine.dispose()


def _make_partitions_and_sequences(owner_url: str, clock: Clock) -> None:
    """Make the log's partitions for the coming months, and each centre's sequence of case numbers."""
    engine = create_engine(owner_url)
    first = clock.now().date().replace(day=1)
    try:
        with engine.begin() as connection:
            for ahead in range(MONTHS_AHEAD):
                months = first.year * 12 + first.month - 1 + ahead
                start, end = (first.replace(year=m // 12, month=m % 12 + 1) for m in (months, months + 1))
                connection.exec_driver_sql(
                    f"CREATE TABLE IF NOT EXISTS entries_{start:%Y_%m} PARTITION OF entries"
                    f" FOR VALUES FROM ('{start}') TO ('{end}')"
                )
            for code in connection.scalars(select(centres.c.code)):
                connection.exec_driver_sql(f"CREATE SEQUENCE IF NOT EXISTS case_no_{code}")
                connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE case_no_{code} TO antifraud_app")
            connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO antifraud_app")
    finally:
        engine.dispose()


def _found_centre(
    database: Database, vault: Vault, clock: Clock, settings: Settings, *, code: str, name: str, kind: str
) -> str | None:
    """Make a centre with all it begins with; return the first password if it was just made."""
    with database.begin(None) as connection:
        centre_id = connection.scalar(select(centres.c.id).where(centres.c.code == code)) or new_id(clock)
        bind(connection, centre_id)
        work = Work(connection=connection, clock=clock, centre_id=centre_id, actor=f"cli:{_os_user()}", vault=vault)
        connection.execute(
            upsert(centres).on_conflict_do_nothing(),
            {
                "id": centre_id,
                "code": code,
                "name": name,
                "kind": kind,
                "zone": "Asia/Shanghai",
                "jurisdiction": "CN",
                "currency": "CNY",
                "created_at": clock.now(),
            },
        )
        if not connection.scalar(select(data_keys.c.id).where(data_keys.c.kind == "directory")):
            vault.create(connection, centre_id, "directory", work.new_id(), clock.now())
        _put_directory(work)
        if kind == "drill":
            _put_simulated_banks(work, settings)
        _put_sources(work, settings, code)
        for definition_id, version in bundled():
            definitions.store(work, library.text_of(definition_id, version))
        _put_example_in_force(work)
        return _first_user(work) if kind == "live" else None


def _put_directory(work: Work) -> None:
    """Put the shipped directory of institutions in; what the centre changed since stays."""
    with resources.files("antifraud.banks").joinpath("data/institutions.csv").open(encoding="utf-8") as file:
        rows = [
            {
                "id": work.new_id(),
                "centre_id": work.centre_id,
                "code": row["code"],
                "name_zh": row["name_zh"],
                "name_en": row["name_en"],
                "country": row["country"] or None,
                "kind": row["kind"],
                "bic": row["bic"] or None,
                "cnaps": row["cnaps"] or None,
                "bin_prefixes": [prefix for prefix in row["bin_prefixes"].split("|") if prefix],
                "local_code": row["local_code"] or None,
                "created_at": work.now(),
            }
            for row in csv.DictReader(file)
        ]
    work.connection.execute(upsert(institutions).on_conflict_do_nothing(), rows)


def _put_simulated_banks(work: Work, settings: Settings) -> None:
    """Put the simulator's banks in the drill centre, with their channel and key as they are now."""
    keys = work.vault.keys
    found = simulator.prepare(
        settings.home,
        centre_url=settings.public_url,
        base_url=settings.simulator_url,
        centre_keys=[{"key_id": keys.signing_key_id, "public_key": public_key_text(keys.signing.public_key())}],
        environment=settings.environment,
    )
    connection, now = work.connection, work.now()
    for bank in found:
        institution_id = connection.scalar(select(institutions.c.id).where(institutions.c.code == bank.code))
        if institution_id is None:
            institution_id = work.new_id()
            connection.execute(
                insert(institutions).values(
                    id=institution_id,
                    centre_id=work.centre_id,
                    code=bank.code,
                    name_zh=bank.name_zh,
                    name_en=bank.name_en,
                    kind="bank",
                    bin_prefixes=list(bank.bins),
                    is_simulated=True,
                    created_at=now,
                )
            )
        current = connection.execute(
            select(channels.c.id, channels.c.url).where(
                channels.c.institution_id == institution_id, channels.c.retired_at.is_(None)
            )
        ).one_or_none()
        if current is None or current.url != bank.url:
            if current is not None:
                connection.execute(update(channels).where(channels.c.id == current.id).values(retired_at=now))
            connection.execute(
                insert(channels).values(
                    id=work.new_id(),
                    centre_id=work.centre_id,
                    institution_id=institution_id,
                    kind="push",
                    url=bank.url,
                    allowed_networks=["127.0.0.0/8", "::1/128"],
                    created_at=now,
                )
            )
        connection.execute(
            upsert(institution_keys).on_conflict_do_nothing(),
            {
                "key_id": bank.key_id,
                "centre_id": work.centre_id,
                "institution_id": institution_id,
                "algorithm": "ed25519",
                "public_key": bank.public_key,
                "not_before": now,
            },
        )


def _put_sources(work: Work, settings: Settings, centre_code: str) -> None:
    """Make the first sources; each token is kept in a file of ours, only its hash in the database."""
    known = set(work.connection.scalars(select(sources.c.code)))
    for source in SOURCES:
        if source.code in known:
            continue
        token = random_token()
        path = token_path(settings, centre_code, source.code)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
            file.write(token + "\n")
        work.connection.execute(
            insert(sources).values(
                id=work.new_id(),
                centre_id=work.centre_id,
                code=source.code,
                name=source.name,
                trust=source.trust,
                may_send_history=source.may_send_history,
                quota_per_minute=source.quota_per_minute,
                token_hash=token_hash(token),
                created_at=work.now(),
            )
        )


def token_path(settings: Settings, centre_code: str, source_code: str) -> Path:
    """Return where the token of a source that the set-up made lies."""
    return settings.home / "tokens" / f"{centre_code}.{source_code}"


def _put_example_in_force(work: Work) -> None:
    """Put the bundled scheme in force as "example", unless the centre has chosen one."""
    if definitions.standing(work.connection, work.centre_id) is None:
        chosen = library.load(*DEFINITION)
        definitions.put_in_force(work, chosen.content_hash, approver=None)
        happening = Happening(
            id=work.new_id(),
            at=work.now(),
            kind="DefinitionPutInForce",
            payload={"definition": chosen.name, "content_hash": chosen.content_hash, "status": "example"},
        )
        append_to_area(work, "admin", [happening])


def _first_user(work: Work) -> str | None:
    """Make the first user; return the password, which is nowhere else, or None if there are users already."""
    if work.connection.scalar(select(func.count()).select_from(users)):
        return None
    password = random_token()[:20]
    work.connection.execute(
        insert(users).values(
            id=work.new_id(),
            centre_id=work.centre_id,
            name="admin",
            person_id=work.new_id(),
            password_hash=argon2.PasswordHasher().hash(password),
            roles=["administrator"],
            created_at=work.now(),
        )
    )
    return password


def _os_user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
