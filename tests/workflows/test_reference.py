"""The reference of the language: its example is read, and no table or key of the language is left out of it."""

import re
import tomllib
from pathlib import Path

from tests.workflows.driver import Driver
from tests.workflows.test_schema import SCHEMA, wrong
from workflows import parse

PAGE = (Path(__file__).parents[2] / "docs" / "workflow-language.md").read_text(encoding="utf-8")


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_a_new_country_loads_and_fits_the_schema() -> None:
    definition = parse(example())
    assert definition.kind_for("stop") == "hold"
    assert list(wrong(SCHEMA, tomllib.loads(example()))) == []


def test_the_example_runs_from_a_claim_to_its_release() -> None:
    d = Driver(parse(example()))
    hold = d.claim(asset="EUR", asked_by="victim_bank")
    (request,) = d.state.requests
    d.deliver(request)
    d.answer(request, "held", held_minor=100_000, executed_at=d.at)
    lift = d.approve(d.ask(hold, "lift"))
    d.deliver(lift)
    d.answer(lift, "lifted")
    assert d.hold(hold).state == "released"
    assert d.hold(d.claim(asset="EUR", amount_minor=4_999)).lane == "small"


def test_every_table_and_key_of_the_language_stands_in_the_reference() -> None:
    silent = {"source", "confidence"}
    for name, table in SCHEMA["properties"].items():
        assert f"[{name}" in PAGE, name
        rules = [*table.get("patternProperties", {}).values(), table]
        keys = {key for rule in rules for key in rule.get("properties", {})} - silent
        if name not in {"watch", "clocks"}:
            assert not [key for key in keys if f"`{key}" not in PAGE and f"{key} = " not in PAGE], name
