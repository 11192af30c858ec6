"""House rules: taken where a definition lacks them, covered by its hash, never in its way."""

import re
import tomllib
from importlib import resources

import pytest

from workflows import InvalidDefinition, bundled, parse
from workflows.library import text_of

TEXT = text_of("cn_emergency_stop", 1)
HOUSED = TEXT.replace('status = "example"', 'status = "example"\nhouse = "house.v1"')


def without(text: str, table: str) -> str:
    """Return a definition without one of its tables."""
    assert f"\n[{table}]\n" in text
    return re.sub(rf"\n\[{re.escape(table)}\]\n.*?(?=\n\[)", "\n", text, flags=re.DOTALL)


def test_a_definition_that_says_everything_takes_nothing_but_is_another_one() -> None:
    own, housed = parse(TEXT), parse(HOUSED)
    assert housed.content_hash != own.content_hash
    assert housed.tasks == own.tasks
    assert housed.watch == own.watch
    assert housed.provenance == own.provenance


def test_a_table_that_is_missing_is_taken_from_the_house() -> None:
    with pytest.raises(InvalidDefinition):
        parse(without(TEXT, "skew"))
    assert parse(without(HOUSED, "skew")).skew.text == "PT2M"
    assert "call_contact_b" in parse(without(HOUSED, "tasks.call_contact_b")).tasks


def test_what_the_definition_says_goes_before_the_house() -> None:
    own = parse(HOUSED.replace('ahead = "PT2M"', 'ahead = "PT3M"'))
    assert own.skew.text == "PT3M"


def test_tasks_of_the_house_that_nothing_opens_are_left_out() -> None:
    file = resources.files("workflows").joinpath("definitions", "house", "house.v1.toml")
    house = tomllib.loads(file.read_text("utf-8"))
    assert "terms_used" in house["tasks"]
    assert "terms_used" not in parse(HOUSED).tasks


def test_a_house_that_is_not_there_is_a_fault_at_its_path() -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(HOUSED.replace("house.v1", "palace.v1"))
    assert [path for path, _ in refused.value.faults] == ["definition.house"]


def test_the_house_is_no_definition_of_its_own() -> None:
    assert all(ident != "house" for ident, _ in bundled())


def test_the_order_of_lanes_and_urgencies_is_part_of_what_a_definition_says() -> None:
    moved = TEXT.replace("[clocks.dispatch.urgent]", "[clocks.dispatch.x]").replace(
        "[clocks.dispatch.normal]", "[clocks.dispatch.urgent]"
    )
    swapped = moved.replace("[clocks.dispatch.x]", "[clocks.dispatch.normal]")
    assert parse(swapped).content_hash != parse(TEXT).content_hash
