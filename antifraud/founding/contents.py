"""What a new centre begins with: directory, simulated banks for a drill, sources, a scheme, the first user."""

import contextlib
import csv
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.audit.service import Happening, append_to_area
from antifraud.auth.models import sources, users
from antifraud.auth.passwords import PASSWORDS, made_password
from antifraud.auth.people import NotALogin, add_person
from antifraud.auth.service import token_hash
from antifraud.banks.models import channels, institution_keys, institutions
from antifraud.cases import definitions
from antifraud.channel.signatures import public_key_text
from antifraud.foundation.ids import random_token
from antifraud.foundation.settings import Settings
from antifraud.simulator import setup as simulator
from antifraud.work import Work
from workflows import bundled, library

DEFINITION: Final = ("cn_emergency_stop", 1)


@dataclass(frozen=True, slots=True)
class _Source:
    code: str
    name: str
    trust: str
    may_send_history: bool
    quota_per_minute: int
    has_token: bool = True


SOURCES: Final = (
    _Source("110", "110 接警台", "dispatches", may_send_history=False, quota_per_minute=6000),
    _Source("96110", "96110 反诈专线", "dispatches", may_send_history=False, quota_per_minute=6000),
    _Source("counter", "银行网点", "dispatches", may_send_history=False, quota_per_minute=600),
    _Source("public", "公众自助上报", "needs_confirmation", may_send_history=False, quota_per_minute=60),
    _Source("console", "值班台", "dispatches", may_send_history=False, quota_per_minute=6000, has_token=False),
    _Source("import", "历史与本机导入", "dispatches", may_send_history=True, quota_per_minute=60_000),
)
"""The sources that a new centre begins with; each token is made once and lies in a file under `tokens`.

The console has none: who reports there is signed in, and no bearer token may speak as it."""


FIRST_LOGIN: Final = ("admin",)
"""Who can sign in to a new live centre: an administrator, who makes the others."""
PRACTICE_LOGINS: Final = ("operator", "supervisor", "auditor")
"""Who can sign in to a new drill centre: one login a role, named after it."""


@dataclass(frozen=True, slots=True)
class FirstLogins:
    """Logins just made, and the one password of all of them."""

    names: tuple[str, ...]
    password: str


def fill(work: Work, settings: Settings, *, code: str, kind: str) -> FirstLogins | None:
    """Put in what is missing of a centre's first contents; return the first logins if they were just made."""
    _put_directory(work)
    if kind == "drill":
        _put_simulated_banks(work, settings)
    _put_sources(work, settings, code)
    for definition_id, version in bundled():
        definitions.store(work, library.text_of(definition_id, version))
    _put_example_in_force(work)
    return _first_logins(work, kind)


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
        token = _new_token(token_path(settings, centre_code, source.code)) if source.has_token else None
        work.connection.execute(
            insert(sources).values(
                id=work.new_id(),
                centre_id=work.centre_id,
                code=source.code,
                name=source.name,
                trust=source.trust,
                may_send_history=source.may_send_history,
                quota_per_minute=source.quota_per_minute,
                token_hash=token_hash(token) if token else None,
                created_at=work.now(),
            )
        )


def _new_token(path: Path) -> str:
    token = random_token()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(token + "\n")
    return token


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


def _first_logins(work: Work, kind: str) -> FirstLogins | None:
    """Make the first logins of a centre; return their password, which is nowhere else, or None if there are logins."""
    if work.connection.scalar(select(func.count()).select_from(users)):
        return None
    password = made_password()
    password_hash = PASSWORDS.hashed(password)
    made = []
    for name in PRACTICE_LOGINS if kind == "drill" else FIRST_LOGIN:
        role = name if kind == "drill" else "administrator"
        # Another centre's login may have the name already: it keeps it. The practice password opens nothing real.
        with contextlib.suppress(NotALogin):
            made.append(add_person(work, name, [role], password_hash, must_change=kind != "drill").name)
    return FirstLogins(tuple(made), password) if made else None
