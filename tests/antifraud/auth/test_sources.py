"""Who reports is told by a token that only its hash knows; a credential of one centre opens nothing of another."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from antifraud.auth.service import Centre, centre_by_code, source_by_code, source_by_token, token_hash
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import NotAuthenticated
from antifraud.founding import SOURCES, token_path
from antifraud.installation import Installation


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(NotAuthenticated):
        yield


def token(installation: Installation, centre: str, source: str) -> str:
    return token_path(installation.settings, centre, source).read_text(encoding="ascii").strip()


def test_each_token_is_its_own_source_of_its_own_centre(
    installation: Installation, drill: Centre, live: Centre
) -> None:
    with_tokens = [source for source in SOURCES if source.has_token]
    assert {source.code for source in SOURCES} - {source.code for source in with_tokens} == {"console"}
    seen = set()
    for centre in (drill, live):
        for source in with_tokens:
            found = source_by_token(installation.database, f"Bearer {token(installation, centre.code, source.code)}")
            assert (found.centre_id, found.code, found.trust) == (centre.id, source.code, source.trust)
            assert found == source_by_code(installation.database, centre.id, source.code)
            seen.add(found.id)
    assert len(seen) == 2 * len(with_tokens)


def test_only_the_hash_of_a_token_is_stored(installation: Installation, drill: Centre) -> None:
    secret = token(installation, "drill", "110")
    assert len(secret) >= 43
    with installation.database.begin(drill.id) as connection:
        row = connection.execute(text("SELECT * FROM sources WHERE code = '110'")).mappings().one()
    assert bytes(row["token_hash"]) == token_hash(secret)
    assert secret not in str(dict(row))


def test_what_is_no_token_of_ours_opens_nothing(installation: Installation) -> None:
    secret = token(installation, "drill", "110")
    stored = token_hash(secret).hex()
    for header in (None, "", "Bearer", "Basic " + secret, secret, f"Bearer {secret}x", f"Bearer {stored}"):
        with refused():
            source_by_token(installation.database, header)


def test_a_revoked_source_is_refused_at_once_and_the_others_stay(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    with installation.database.begin(drill.id) as connection:
        connection.execute(text("UPDATE sources SET revoked_at = :at WHERE code = '110'"), {"at": clock.now()})
    with refused():
        source_by_token(installation.database, f"Bearer {token(installation, 'drill', '110')}")
    with refused():
        source_by_code(installation.database, drill.id, "110")
    assert source_by_token(installation.database, f"Bearer {token(installation, 'centre', '110')}").code == "110"


def test_a_presented_hash_shows_its_own_row_only_and_changes_none(installation: Installation) -> None:
    presented = token_hash(token(installation, "drill", "110")).hex()
    with installation.database.begin(None, presented=presented) as connection:
        assert connection.scalars(text("SELECT code FROM sources")).all() == ["110"]
    for statement in ("UPDATE sources SET quota_per_minute = 9", "DELETE FROM sources"):
        try:
            with installation.database.begin(None, presented=presented) as connection:
                changed = connection.execute(text(statement)).rowcount
        except DBAPIError:
            changed = 0
        assert changed == 0, statement


def test_a_centre_sees_its_own_sources_and_without_a_centre_none_are_seen(
    installation: Installation, drill: Centre, live: Centre
) -> None:
    for centre in (drill, live):
        with installation.database.begin(centre.id) as connection:
            assert set(connection.scalars(text("SELECT centre_id FROM sources"))) == {centre.id}
    with installation.database.begin(None) as connection:
        assert connection.scalar(text("SELECT count(*) FROM sources")) == 0


def test_an_unknown_centre_is_answered_with_those_there_are(installation: Installation) -> None:
    with pytest.raises(LookupError, match="centre, drill"):
        centre_by_code(installation.database, "nowhere")
