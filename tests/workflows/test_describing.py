"""A definition in words, and what another says otherwise."""

import pytest

from workflows import bundled, load
from workflows.describing import duration, rules_of, said
from workflows.differences import differences
from workflows.library import text_of

SHUT = (
    "outcomes.shut is new: conclusive: yes; tasks: find_payout; hold.stop: none; hold.second_stop: as_before;"
    " hold.freeze: as_before"
)
TEXT = text_of("cn_emergency_stop", 1)


def test_every_rule_with_a_source_is_described_as_the_reader_found_it() -> None:
    found = {rule.path: rule for rule in rules_of(TEXT)}
    for provenance in load("cn_emergency_stop", 1).provenance:
        rule = found[provenance.path]
        assert (rule.source, rule.confidence) == (provenance.source, provenance.confidence)


def test_the_rules_of_the_house_are_described_with_those_of_the_scheme() -> None:
    paths = {rule.path for rule in rules_of(text_of("hk_stop", 1))}
    assert "clocks.approval" in paths
    assert "clocks.approval]" not in text_of("hk_stop", 1)


def test_a_clock_is_said_in_words_of_both_languages() -> None:
    rule = next(rule for rule in rules_of(TEXT) if rule.path == "clocks.stop_term")
    assert rule.says["length"] == "48 hours"
    assert rule.says["warnings"] == "24 hours, 6 hours, 1 hour"
    zh = next(rule for rule in rules_of(TEXT, "zh") if rule.path == "clocks.stop_term")
    assert zh.says["length"] == "48小时"


@pytest.mark.parametrize(
    ("text", "words"),
    [("PT0S", "at once"), ("P6M", "6 months"), ("P1D", "1 day"), ("PT1H30M", "1 hour 30 minutes"), ("Phone", "Phone")],
)
def test_durations_in_words(text: str, words: str) -> None:
    assert duration(text) == words
    assert said([text]) == words


def test_a_definition_does_not_differ_from_itself() -> None:
    for ident, version in bundled():
        assert differences(text_of(ident, version), text_of(ident, version)) == ()


def test_what_changed_is_said_rule_by_rule() -> None:
    other = TEXT.replace('length = "PT48H"', 'length = "PT72H"').replace("[outcomes.closed]", "[outcomes.shut]")
    other = other.replace('source = "成功;', 'source = "done;')
    assert differences(TEXT, other) == (
        "clocks.stop_term.length: 48 hours -> 72 hours",
        "outcomes.full source: 成功; held at least the traced amount -> done; held at least the traced amount",
        "outcomes.closed is gone",
        SHUT,
    )


def test_what_nobody_published_is_shown_with_the_rules() -> None:
    found = {rule.path: rule for rule in rules_of(text_of("us_ffkc", 1))}
    assert found["missing"].says == dict(load("us_ffkc", 1).missing)
    assert found["missing"].source == ""
