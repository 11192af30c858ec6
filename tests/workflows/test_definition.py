"""The definition language: what it accepts, and that every fault is told at once with its path."""

import pytest

from workflows import InvalidDefinition, UnknownDefinition, bundled, load, parse
from workflows.library import text_of
from workflows.scheme import CONFIDENCES

TEXT = text_of("cn_emergency_stop", 1)
SOURCED = "source = 's'\nconfidence = 'low'\n"
INSPECT = f"""
[requests.inspect]
approval = "none"
filing = false
from = []
counts_term = false
needs_amount = false
scope = "whole"
rank = 1
{SOURCED}"""


def faults(text: str) -> dict[str, str]:
    with pytest.raises(InvalidDefinition) as refused:
        parse(text)
    return dict(refused.value.faults)


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(("ident", "version"), bundled())
def test_every_bundled_definition_parses_and_says_where_each_rule_comes_from(ident: str, version: int) -> None:
    definition = load(ident, version)
    assert (definition.id, definition.version) == (ident, version)
    assert definition.status == "example"
    assert all(rule.source and rule.confidence in CONFIDENCES for rule in definition.provenance)
    assert len({rule.path for rule in definition.provenance}) == len(definition.provenance)


def test_a_definition_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UnknownDefinition, match="xx_nothing version 3"):
        load("xx_nothing", 3)


def test_the_content_hash_follows_the_content_and_not_the_layout() -> None:
    assert parse(TEXT + "\n# a remark\n").content_hash == parse(TEXT).content_hash
    assert parse(changed('"PT48H"', '"PT72H"')).content_hash != parse(TEXT).content_hash


def test_every_fault_is_told_at_once_with_its_path() -> None:
    broken = changed('zone = "Asia/Shanghai"', 'zone = "Asia/Nowhere"\ncolour = "red"')
    broken = broken.replace('length = "PT2M"', 'length = "2 minutes"', 1)
    broken = broken.replace("depth = 10", 'depth = "ten"', 1)
    broken = broken.replace('confidence = "low"', 'confidence = "certain"', 1)
    broken += f"\n[outcomes.half]\nconclusive = true\ntasks = []\nhold = {{ stop = 'thawed' }}\n{SOURCED}"
    told = faults(broken)
    assert told.keys() == {
        "definition.zone",
        "definition.colour",
        "clocks.receipt.urgent.length",
        "follow.depth",
        "clocks.fallback.confidence",
        "outcomes.half.hold.stop",
    }
    assert told["definition.colour"] == "is not a key of this table"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("this is not toml", ""),
        (changed("terms = 2", "terms = 0"), "clocks.stop_term.terms"),
        (changed("[clocks.answer.normal]", "[clocks.answer.calm]"), "clocks.answer.calm"),
        (changed('calendar = "calendar"', 'calendar = "moon"'), "clocks.freeze_term.calendar"),
        (
            changed('length = "P6M"\ncalendar = "calendar"', 'length = "P6M"\ncalendar = "absolute"'),
            "clocks.freeze_term.length",
        ),
        (changed("at_percent = [50, 80]", "at_percent = [80, 50]"), "clocks.reminder.at_percent"),
        (changed('"PT24H", "PT6H", "PT1H"', '"PT1H", "PT6H"'), "clocks.stop_term.warnings"),
        (changed('younger_than = "PT24H"\n', ""), "urgency.urgent"),
        (changed('task = "deliver_by_hand"', 'task = "no_such"'), "clocks.fallback.task"),
        (changed('approval = "before"', 'approval = "never"'), "requests.second_stop.approval"),
        (changed('from = ["frozen"]', 'from = ["frosty"]'), "requests.return.from[0]"),
        (changed('again = "PT1H"', 'again = "PT0S"'), "clocks.ladder.again"),
        (changed("version = 1", "version = true"), "definition.version"),
        (changed("[outcomes.other]\nconclusive = false", "[outcomes.other]\nconclusive = true"), "outcomes.other.hold"),
        (changed('due = "PT5M"\nagain = "PT15M"', 'due = "PT5M"'), "watch.confirm"),
        (
            TEXT + INSPECT,
            "requests.inspect",
        ),
        (TEXT + "\n[tasks.idle]\ndue = 'PT1H'\nsource = 's'\nconfidence = 'low'\n", "tasks.idle"),
        (TEXT + "\n[colours]\nred = 1\n", "colours"),
    ],
)
def test_a_fault_is_told_with_its_path(text: str, path: str) -> None:
    assert path in faults(text)


def test_an_empty_document_tells_what_is_missing_and_never_breaks() -> None:
    told = faults("")
    assert {"definition", "clocks", "measure.scope", "urgency"} <= told.keys()


@pytest.mark.parametrize(
    "content",
    [
        "definition = 3",
        "clocks = []",
        "urgency = { urgent = 4 }",
        "[clocks]\nladder = { rungs = [1] }",
        "outcomes = { full = [] }",
    ],
)
def test_a_value_of_the_wrong_kind_anywhere_is_a_fault_and_no_exception(content: str) -> None:
    assert faults(content)
