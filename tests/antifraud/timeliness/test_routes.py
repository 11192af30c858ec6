"""The week over HTTP, and the same by the command."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from antifraud.cli.timeliness import command
from antifraud.foundation.settings import Settings
from antifraud.foundation.web import register_problem_handlers
from antifraud.installation import Installation
from antifraud.timeliness.routes import blueprint
from antifraud.timeliness.weeks import Week
from tests.antifraud.timeliness.driven import Drive

WEEK = Week.parse("2026-W48", "Asia/Shanghai")


def client_of(installation: Installation) -> FlaskClient:
    app = Flask("weekly", static_folder=None)
    register_problem_handlers(app)
    app.register_blueprint(blueprint(installation))
    return app.test_client()


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    return client_of(installation)


def answer_one(drive: Drive) -> None:
    order = drive.report()
    drive.deliver(order)
    drive.answer(order, "full", held=4_200_000)


def test_a_week_that_is_not_published_is_marked_so(client: FlaskClient, drive: Drive) -> None:
    answer_one(drive)
    told = client.get("/weekly/2026-W48.json?centre=drill").get_json()
    assert (told["status"], told["publication"], told["week"]) == ("unpublished", None, "2026-W48")
    headline = next(figure for figure in told["figures"] if figure["headline"])
    assert (headline["title"]["zh"], headline["numerator"], headline["denominator"]) == ("止付及时率", 1, 1)


def test_the_live_centre_is_shown_unless_asked_otherwise(client: FlaskClient, drive: Drive) -> None:
    answer_one(drive)
    told = client.get("/weekly/2026-W48.json").get_json()
    assert told["centre"] == "centre"
    assert told["figures"][0]["denominator"] == 0


def test_a_published_week_is_served_as_published_and_not_sent_twice(client: FlaskClient, drive: Drive) -> None:
    answer_one(drive)
    drive.run_until(WEEK.end)
    snapshot = drive.publish(WEEK).snapshot
    first = client.get("/weekly/2026-W48.json?centre=drill")
    told = first.get_json()
    assert told["status"] == "published"
    assert told["publication"]["edition"] == 1
    assert told["publication"]["inputs_hash"] == snapshot.inputs_hash.hex()
    assert told["figures"] == json.loads(snapshot.figures)["figures"]
    again = client.get("/weekly/2026-W48.json?centre=drill", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/weekly/2026-47.json", 400),
        ("/weekly/nonsense.json", 400),
        ("/weekly/%00.json", 400),
        ("/weekly/2026-W54.json", 404),
        ("/weekly/2025-W53.json", 404),
        ("/weekly/2027-W40.json", 404),
        ("/weekly/2026-W48.json?centre=nobody", 404),
        ("/weekly/2026-W48", 404),
    ],
)
def test_a_week_that_there_is_not_is_a_problem_that_says_what_to_write(
    client: FlaskClient, path: str, status: int
) -> None:
    told = client.get(path)
    assert (told.status_code, told.content_type) == (status, "application/problem+json")


def test_in_production_only_the_live_centre_is_shown(installation: Installation) -> None:
    production = replace(installation, settings=replace(installation.settings, environment="production"))
    client = client_of(production)
    assert client.get("/weekly/2026-W48.json?centre=drill").status_code == 404
    assert client.get("/weekly/2026-W48.json").status_code == 200


def test_no_personal_data_is_in_the_figures(client: FlaskClient, drive: Drive) -> None:
    answer_one(drive)
    body = client.get("/weekly/2026-W48.json?centre=drill").get_data(as_text=True)
    for secret in ("王小明", "13800138000", "6222021234567890128", "9991010000000018", "PAY-1"):
        assert secret not in body


# -- the command


@pytest.fixture
def surroundings(database_settings: Settings) -> dict[str, str | None]:
    return {
        "DATABASE_URL": database_settings.database_url or "",
        "ANTIFRAUD_APP_DATABASE_URL": database_settings.app_database_url or "",
        "ANTIFRAUD_HOME": str(database_settings.home),
        "ANTIFRAUD_ENVIRONMENT": "test",
        "ANTIFRAUD_TESTS_SERVER": None,  # of the tests, and no setting of the product
    }


def run(surroundings: dict[str, str | None], *words: str) -> Result:
    return CliRunner().invoke(command, list(words), env=surroundings)


def test_the_command_shows_a_week_publishes_it_and_says_so_again(surroundings: dict[str, str | None]) -> None:
    # A week of long ago: over by any clock of the machine that runs the test.
    shown = run(surroundings, "week", "2024-W10")
    assert shown.exit_code == 0
    assert "止付及时率 Answer timeliness" in shown.output
    assert "not published" in shown.output
    assert "published 2024-W10: edition 1" in run(surroundings, "publish", "2024-W10").output
    again = run(surroundings, "publish", "2024-W10")
    assert (again.exit_code, "was published already" in again.output) == (0, True)
    assert "published: edition 1" in run(surroundings, "week", "2024-W10").output
    told = json.loads(run(surroundings, "week", "2024-W10", "--json").output)
    assert (told["status"], told["publication"]["edition"]) == ("live", 1)
    assert told["publication"]["facts_give_other_figures_now"] is False


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("publish", "2190-W10"), 1, "is not over before"),
        (("publish", "2024-W10", "--restate", "why"), 1, "not published yet"),
        (("week", "2024-10"), 2, "written like 2026-W47"),
        (("week", "2025-W53"), 2, "weeks 01 to 52"),
        (("week", "2024-W10", "--centre", "nobody"), 1, "there is no centre"),
        (("week", "2024-W10", "--items", "nothing"), 2, "known: answer_timeliness"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    surroundings: dict[str, str | None], words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = run(surroundings, *words)
    assert (done.exit_code, sentence in done.output) == (code, True), done.output
