"""Every kind of problem has a page that says what to do, and no page is about one that does not exist."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import antifraud
from antifraud.foundation.problems import Problem

PAGES = Path(__file__).parents[2] / "docs" / "problems"
HEAD = re.compile(r"# (?P<title>.+)\n\nStatus `(?P<status>[0-9]{3})`, type `/problems/(?P<type>[a-z-]+)`\.\n")
ROW = re.compile(
    r"^\| (?P<status>[0-9]{3}) \| \[(?P<type>[a-z-]+)\]\((?P=type)\.md\) \| (?P<title>.+) \|$", re.MULTILINE
)
# A fault of ours is no class that anybody raises: it is what everything else becomes.
WITHOUT_CLASS = {("internal-error", 500, "The service failed")}


def kinds(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield root
    for below in root.__subclasses__():
        yield from kinds(below)


def raised() -> set[tuple[str, int, str]]:
    for module in pkgutil.walk_packages(antifraud.__path__, "antifraud."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = {kind for kind in kinds() if kind.__module__.startswith("antifraud.")}
    return {(kind.type, kind.status, kind.title()) for kind in ours} | WITHOUT_CLASS


def told(pattern: re.Pattern[str], text: str) -> list[tuple[str, int, str]]:
    return [(found["type"], int(found["status"]), found["title"]) for found in pattern.finditer(text)]


def test_every_problem_has_a_page_of_its_own_and_every_page_a_problem() -> None:
    pages = {page.stem: page.read_text(encoding="utf-8") for page in PAGES.glob("*.md") if page.stem != "README"}
    heads = {head for text in pages.values() for head in told(HEAD, text)}
    assert heads == raised()
    assert {head[0] for head in heads} == set(pages)
    for text in pages.values():
        assert text.partition("## What to do\n")[2].strip()


def test_the_list_of_problems_has_each_of_them_once() -> None:
    rows = told(ROW, (PAGES / "README.md").read_text(encoding="utf-8"))
    assert len(rows) == len(set(rows))
    assert set(rows) == raised()
