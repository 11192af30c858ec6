"""The bytes of a published week by measures version 1: they may never change, whatever the program becomes.

A new definition is a new version with a golden file of its own.
"""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from antifraud.foundation.json import canonical
from antifraud.timeliness import measures
from antifraud.timeliness.inputs import inputs_from_json, inputs_to_json
from antifraud.timeliness.rules import compute, document
from tests.antifraud.timeliness.made import OTHER_BANK, TUESDAY, Book, inputs_of

GOLDEN = Path(__file__).parent / "golden"


def a_week_of_everything() -> Book:
    book = Book()
    for minute in range(28, 34):
        sent = book.box("dispatch", limit=timedelta(minutes=1), took=timedelta(seconds=2 * minute))
        book.box("delivery", limit=timedelta(minutes=2), took=timedelta(minutes=1), subject_id=sent.subject_id)
        book.box("answer", took=timedelta(minutes=minute), subject_id=sent.subject_id)
    for asked in ("second_stop", "freeze", "release"):
        book.box("answer", took=timedelta(minutes=1), request_kind=asked)
    mute = book.box("delivery", limit=timedelta(minutes=2), verdict="undelivered", institution_id=OTHER_BANK)
    book.again(book.box("answer", verdict="late", institution_id=OTHER_BANK), stop_at=TUESDAY + timedelta(hours=3))
    book.box("answer", took=timedelta(minutes=1), verdict="excluded", institution_id=OTHER_BANK)
    book.box("conversion", limit=timedelta(hours=48), took=timedelta(hours=48), subject_id=mute.subject_id)
    for number in range(7):
        book.case(number, claimed=1_000_000, held=150_000 * number or None, after=7.5 * number)
    book.case(8, claimed=9_007_199_254_740_993, held=1, asset="USDT@tron")
    return book


def test_the_stored_inputs_of_a_week_give_the_golden_bytes() -> None:
    stored = json.loads((GOLDEN / "week.inputs.json").read_text(encoding="utf-8"))
    inputs, by = inputs_from_json(stored), measures.load("1")
    again = canonical(document(inputs, by, compute(inputs, by)))
    assert again == (GOLDEN / "week.figures.json").read_bytes().rstrip(b"\n")


def test_the_facts_of_a_week_give_the_golden_inputs() -> None:
    stored = json.loads((GOLDEN / "week.inputs.json").read_text(encoding="utf-8"))
    assert inputs_to_json(inputs_of(a_week_of_everything().facts)) == stored


def test_measures_that_cannot_be_computed_by_are_refused() -> None:
    text = (Path(measures.__file__).parent / "data" / "measures.v1.toml").read_text(encoding="utf-8")
    assert measures.parse(text) == measures.load("1")
    for broken in (
        text.replace('rule = "boxes"', 'rule = "guess"'),
        text.replace("publish_minimum = 5\n", "", 1),
        text.replace("headline = true\n", "colour = 1\n"),
        text.replace("headline = true\n", ""),
        text.replace('request_kinds = ["stop", "second_stop"]\n', "", 1),
        text.replace('request_kinds = ["stop", "second_stop"]', "request_kinds = []", 1),
        text.replace('kind = "conversion"\n', 'kind = "conversion"\nrequest_kinds = ["stop"]\n'),
        text.replace('id = "undelivered"', 'id = "answer_timeliness"'),
        "version = ",
    ):
        assert broken != text
        with pytest.raises(measures.InvalidMeasures):
            measures.parse(broken)
    with pytest.raises(measures.UnknownMeasures):
        measures.load("../1")
