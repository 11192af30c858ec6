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


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (changed('id = "cn_emergency_stop"', 'id = "CN stop\\u0000"'), "definition.id", "has a control character"),
        (changed('id = "cn_emergency_stop"', 'id = "CN stop"'), "definition.id", "is no name"),
        (changed("checked_on = 2026-11-24", "checked_on = 2026-11-24T00:00:00Z"), "definition.checked_on", "a date"),
        (changed("depth = 10", 'depth = "10"'), "follow.depth", "must be a whole number, not a text"),
        (changed('length = "PT48H"', 'length = "PT0S"'), "clocks.stop_term.length", "longer than nothing"),
        (changed('length = "PT30M"', 'length = "PT0S"'), "clocks.answer.urgent.length", "longer than nothing"),
        (changed('"PT6H", "PT1H"]', '"PT6H", "PT0S"]'), "clocks.stop_term.warnings[2]", "the end itself"),
        (changed('tasks = ["query_flow"]', 'tasks = [""]'), "outcomes.partial.tasks[0]", "must not be empty"),
        (changed('sides = ["victim"', 'sides = ["The victim"'), "withdrawal.sides[0]", "is no code"),
        (changed("at_percent = [50, 80]", "at_percent = [true, 80]"), "clocks.reminder.at_percent", "whole numbers"),
        (
            changed("[urgency.normal]", f"[urgency.old]\nyounger_than = 'PT24H'\n{SOURCED}[urgency.normal]"),
            "urgency.old.younger_than",
            "can never fit",
        ),
        (
            TEXT + f"\n[objection]\nwho = []\ntask = 'decide_appeal'\n{SOURCED}",
            "objection.who",
            "must name who may object",
        ),
    ],
)
def test_what_nothing_could_ever_come_of_is_refused_in_words(text: str, path: str, words: str) -> None:
    assert words in faults(text)[path]


def test_a_scheme_may_be_called_as_the_field_calls_it() -> None:
    assert parse(changed('id = "cn_emergency_stop"', 'id = "cn-stop"')).id == "cn-stop"


def test_how_far_two_institutions_clocks_may_differ_is_the_scheme_s_own() -> None:
    said = parse(changed('ahead = "PT2M"', 'ahead = "PT2M"\nbetween = "PT7M"'))
    assert (said.skew.text, said.clocks_differ and said.clocks_differ.text) == ("PT2M", "PT7M")
    unsaid = parse(TEXT)
    assert unsaid.clocks_differ == unsaid.skew


def test_a_lane_says_for_itself_whether_money_may_come_in() -> None:
    lanes = f"\n[lanes.closed]\ncross_border = true\nmoney_in = false\n{SOURCED}[lanes.rest]\n{SOURCED}"
    read = parse(TEXT + lanes)
    assert [read.money_may_come_in(lane) for lane in ("closed", "rest", None)] == [False, True, True]
    shut = parse(changed("money_in = true", "money_in = false") + lanes)
    assert [shut.money_may_come_in(lane) for lane in ("closed", "rest", None)] == [False, False, False]
