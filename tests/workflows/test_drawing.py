"""The drawing of the states: everything of the exploration is in it, and the one in the docs is current."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from workflows import load
from workflows.checking import Explored, explore
from workflows.checking.scenes import LIFE
from workflows.drawing import picture, ways

DOCS = Path(__file__).resolve().parents[2] / "docs" / "diagrams"
CN = load("cn_emergency_stop", 1)


@pytest.fixture(scope="module")
def explored() -> Explored:
    return explore(CN, scenes=(LIFE,))


def test_every_state_that_is_reached_is_drawn_and_every_way_is_numbered(explored: Explored) -> None:
    found = ways(CN, explored)
    drawing = ET.fromstring(picture((CN.title_zh, CN.title_en), found))  # noqa: S314 - our own drawing
    states = {group.get("data-state") for group in drawing.iter() if group.get("data-state")}
    assert states - {"start"} == {hold.state for node in explored.nodes["life"] for hold in node.state.holds.values()}
    texts = " ".join("".join(item.itertext()) for item in drawing.iter() if item.tag.endswith("}text"))
    for number in range(1, len(found) + 1):
        assert re.search(rf"\b{number}\b", texts), number
    assert {(way.before, way.after) for way in found} >= {
        ("asked", "stopped"),
        ("stopped", "frozen"),
        ("stopped", "lapsed"),
        ("frozen", "returned"),
    }


def test_an_arrow_says_who_acts(explored: Explored) -> None:
    lapsing = next(way for way in ways(CN, explored) if (way.before, way.after) == ("stopped", "lapsed"))
    assert ("time", "stop_end") in lapsing.by


def test_hostile_words_are_escaped(explored: Explored) -> None:
    drawing = picture(("<script>alert(1)</script>", "a & b"), ways(CN, explored))
    assert "<script" not in drawing
    ET.fromstring(drawing)  # noqa: S314 - our own drawing


def test_the_drawing_in_the_docs_is_current(explored: Explored) -> None:
    kept = (DOCS / "cn_emergency_stop.v1.svg").read_text("utf-8")
    drawn = picture((CN.title_zh, CN.title_en), ways(CN, explored))
    assert kept == drawn, "run: antifraud workflow diagram cn_emergency_stop > docs/diagrams/cn_emergency_stop.v1.svg"
