"""A scheme's file at the command line: checked, refused with its path, stored, put in force; told and drawn."""

from pathlib import Path

import pytest

from antifraud.auth.service import Centre
from antifraud.cases import definitions, schemes
from antifraud.installation import Installation
from tests.factories.commands import run
from workflows.library import text_of

HK = text_of("hk_stop", 1)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A scheme of one's own: sound, quick to check, and not one that comes with the product."""
    file = tmp_path / "xx_stop.toml"
    file.write_text(HK.replace('id = "hk_stop"', 'id = "xx_stop"'), "utf-8")
    return file


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A scheme that is read without a fault and fails its check."""
    file = tmp_path / "silent.toml"
    document = HK.replace('tasks = ["escalate_refusal"]', "tasks = []", 1)
    assert document != HK
    file.write_text(document.replace('id = "hk_stop"', 'id = "xx_stop"'), "utf-8")
    return file


def test_a_sound_scheme_is_stored_and_put_in_force_as_approved(
    installation: Installation, drill: Centre, mine: Path
) -> None:
    told = run(installation, "workflow", "load", str(mine), "--activate", "--approver", "Li", "--centre", drill.code)
    assert told.exit_code == 0, told.output
    assert "in force now" in told.output
    with installation.database.begin(drill.id) as connection:
        assert definitions.standing(connection, drill.id) == ("xx_stop.v1", "active", "Li")
    again = run(installation, "workflow", "load", str(mine), "--activate", "--approver", "Li", "--centre", drill.code)
    assert "was in force already" in again.output
    assert "xx_stop.v1, active, approved by Li" in run(installation, "workflow", "show").output


def test_a_scheme_that_fails_is_refused_with_the_path_and_not_stored(
    installation: Installation, drill: Centre, faulty: Path
) -> None:
    told = run(installation, "workflow", "load", str(faulty), "--centre", drill.code)
    assert told.exit_code == 1
    assert "FAILS: outcome_unhandled" in told.output
    assert "  6. the bank answers refused to the release" in told.output
    with installation.database.begin(drill.id) as connection:
        stored = {one.content_hash for one in schemes.standing(connection, drill.id)}
    assert schemes.parsed(faulty.read_text("utf-8")).content_hash not in stored


def test_a_file_with_faults_is_refused_with_all_of_them(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(HK.replace('jurisdiction = "HK"', 'colour = "red"'), "utf-8")
    told = run(installation, "workflow", "check", str(file))
    assert told.exit_code == 1
    assert "definition.jurisdiction: is missing" in told.output
    assert "definition.colour: is not a key of this table" in told.output
    missing = run(installation, "workflow", "load", str(tmp_path / "nothing.toml"))
    assert "cannot be read" in missing.output


def test_the_check_prints_states_bound_and_what_was_left_out(installation: Installation) -> None:
    told = run(installation, "workflow", "check", "hk_stop")
    assert told.exit_code == 0
    assert "hk_stop.v1: " in told.output
    assert "states" in told.output.splitlines()[0]
    for word in ("bound: 2 accounts", "left out: time", "holds: dead_end"):
        assert word in told.output


def test_rules_differences_and_drawing_are_told(installation: Installation) -> None:
    assert "[clocks.stop_term] length: 48 hours" in run(installation, "workflow", "show", "cn_emergency_stop").output
    assert (
        "definition.jurisdiction: HK -> SG" in run(installation, "workflow", "diff", "hk_stop", "sg_restriction").output
    )
    assert run(installation, "workflow", "diff", "hk_stop", "hk_stop.v1").output == "both say the same\n"
    assert run(installation, "workflow", "diagram", "hk_stop").output.startswith("<svg ")
    assert "no definition xx_nothing is stored" in run(installation, "workflow", "show", "xx_nothing").output
