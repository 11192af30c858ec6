"""A report taken back by its own side: by the API, verified by one person, decided by another."""

import json
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from antifraud.cases.taking_back import verify_withdrawal
from antifraud.intake.withdrawing import CannotWithdraw
from antifraud.verification.service import verify
from tests.factories import reports
from tests.factories.doorway import PATH, Doorway, problem
from workflows import EventRefused


def ask(doorway: Doorway, number: str, source: str = "110") -> TestResponse:
    headers = {"Authorization": f"Bearer {doorway.token(source)}"}
    return doorway.app.test_client().post(f"{PATH}/{number}/withdrawal", headers=headers)


def verified(doorway: Doorway, told: dict[str, Any], who: str = "anna") -> None:
    withdrawal = json.loads(ask(doorway, told["report"]["no"]).data)["withdrawal"]
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        work = doorway.installation.work(connection, doorway.centre.id, f"user:{who}")
        verify_withdrawal(work, doorway.installation.mail(doorway.centre), UUID(told["case"]["id"]), UUID(withdrawal))


def decide(doorway: Doorway, told: dict[str, Any], who: str = "boris", *, approved: bool = True) -> None:
    door = reports.door(doorway.installation)
    door.decide_withdrawal(doorway.centre, told["report"]["no"], f"user:{who}", approved=approved)


def waiting(doorway: Doorway) -> list[str]:
    return [row.kind for row in doorway.rows("SELECT kind FROM outbox WHERE state = 0 ORDER BY rank, id")]


def test_the_word_of_the_source_alone_only_opens_a_task_to_verify(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    answer = ask(doorway, told["report"]["no"])
    assert answer.status_code == 202
    assert json.loads(answer.data)["state"] == "to_be_verified"
    assert json.loads(ask(doorway, told["report"]["no"]).data) == json.loads(answer.data), "again, it is the same"
    assert doorway.tasks().count("verify_withdrawal") == 1
    assert waiting(doorway) == ["stop"]
    with pytest.raises(EventRefused, match="not verified"):
        decide(doorway, told)


def test_another_source_does_not_know_the_report(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    problem(ask(doorway, told["report"]["no"], "counter"), 404, "not-found")
    problem(ask(doorway, "NO-SUCH-REPORT"), 404, "not-found")
    assert ask(doorway, told["report"]["no"]).status_code == 202


def test_verified_and_approved_by_another_person_the_order_is_taken_back(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    verified(doorway, told)
    with pytest.raises(EventRefused, match="same person"):
        decide(doorway, told, "anna")
    decide(doorway, told)
    assert waiting(doorway) == []
    assert [row.state for row in doorway.rows("SELECT state FROM holds")] == ["dropped"]
    with pytest.raises(CannotWithdraw, match="waits for a decision"):
        decide(doorway, told)


def test_refused_nothing_changes(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    verified(doorway, told)
    decide(doorway, told, approved=False)
    assert waiting(doorway) == ["stop"]


def test_what_another_report_claims_as_well_stays(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    doorway.accepted(doorway.report("b"), source="counter")
    verified(doorway, told)
    decide(doorway, told)
    assert waiting(doorway) == ["stop"]
    assert [row.state for row in doorway.rows("SELECT state FROM holds")] == ["asked"]


def test_a_later_report_of_the_same_payment_is_new_with_an_order_of_its_own(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    verified(doorway, told)
    decide(doorway, told)
    again = doorway.accepted(doorway.report("c"))
    assert again["case"]["id"] == told["case"]["id"], "one payment, one case"
    assert waiting(doorway) == ["stop"]
    assert doorway.count("procedures") == 2
    assert [one for one in verify(doorway.installation, doorway.centre) if one.differences] == []


def test_what_is_over_cannot_be_taken_back(doorway: Doorway) -> None:
    told = doorway.accepted(doorway.report("a"))
    verified(doorway, told)
    decide(doorway, told)
    doorway.accepted(doorway.report("d", transfers=[doorway.transfer(reference="ANOTHER")]))
    answer = ask(doorway, told["report"]["no"])
    assert answer.status_code == 202, "asked again after it was approved, it is the first"
