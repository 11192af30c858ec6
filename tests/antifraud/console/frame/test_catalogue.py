"""Every text of the console in Chinese: none missing, none with other placeholders, none hidden from extraction."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from antifraud.console.catalogue import CatalogueError, files, merged
from antifraud.console.frame import words
from antifraud.intake.schemas import FRAUD_TYPES
from workflows import state
from workflows.language import parse

CONSOLE = Path(__file__).parents[4] / "antifraud" / "console"
DEFINITIONS = sorted((Path(__file__).parents[4] / "workflows" / "definitions").glob("*.toml"))
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "lazy": None,
    "translated": None,
    "counted": (1, 2),
    "lazy_ngettext": (1, 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")
SAME_IN_BOTH = {"OK"}


def extracted() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Every text that is marked for translation, and where."""
    for path in sorted([*(CONSOLE / "templates").rglob("*.html"), *CONSOLE.rglob("*.py")]):
        method = "jinja2" if path.suffix == ".html" else "python"
        options = {"silent": "false"} if method == "jinja2" else {}
        for line, message, _, _ in extract_from_file(method, path, keywords=KEYWORDS, options=options):
            yield f"{path.relative_to(CONSOLE)}:{line}", message


def test_every_text_has_its_translation() -> None:
    catalogue, missing, found = merged("zh_Hans_CN"), [], 0
    for where, message in extracted():
        found += 1
        known = catalogue.get(message if isinstance(message, str) else message[0])
        texts = [] if known is None else _each(known.string)
        if known is None or known.fuzzy or not texts or not all(texts):
            missing.append(f"{where} {message!r}")
    assert missing == []
    assert found > 100


def test_every_translation_is_chinese_and_keeps_its_placeholders() -> None:
    for message in merged("zh_Hans_CN"):
        if not message.id:
            continue
        ids = _each(message.id)
        texts = _each(message.string)
        wanted = set().union(*(placeholders(one) for one in ids))
        for text in texts:
            assert placeholders(text) <= wanted, ids
            assert placeholders(ids[-1]) <= placeholders(text) | {"num"}, ids
            assert (
                CHINESE.search(text) or ids[0] in SAME_IN_BOTH or not re.search("[a-z]{3}", PLACEHOLDER.sub("", ids[0]))
            ), ids


def placeholders(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


def test_no_text_is_marked_inside_an_f_string_or_with_a_computed_argument() -> None:
    wrong = []
    for path in sorted(CONSOLE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {
            id(call) for joined in ast.walk(tree) if isinstance(joined, ast.JoinedStr) for call in ast.walk(joined)
        }
        wrappers = {
            id(call)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef) and function.name in KEYWORDS
            for call in ast.walk(function)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS):
                continue
            is_literal = bool(node.args) and isinstance(node.args[0], ast.Constant)
            if id(node) in wrappers:
                continue  # its callers are looked at instead, by its own name
            if id(node) in inside or not is_literal:
                wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []


def test_no_translation_stands_for_a_text_that_is_gone() -> None:
    used = {text for _, message in extracted() for text in ([message] if isinstance(message, str) else message)}
    stale = [message.id for message in merged("zh_Hans_CN") if message.id and not used & set(_each(message.id))]
    assert stale == []


def _each(text: str | Iterable[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def test_two_meanings_of_one_text_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "zh_Hans_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    for name, text in (("a", "打开"), ("b", "在办")):
        (folder / f"{name}.po").write_text(f'msgid "open"\nmsgstr "{text}"\n', encoding="utf-8")
    monkeypatch.setattr("antifraud.console.catalogue.FOLDER", tmp_path)
    assert len(list(files("zh_Hans_CN"))) == 2
    with pytest.raises(CatalogueError, match=r"b\.po: 'open'"):
        merged("zh_Hans_CN")


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_every_code_of_a_shipped_definition_has_a_word_or_a_title(path: Path) -> None:
    definition = parse(path.read_text(encoding="utf-8"))
    titled = {code for code, one in definition.requests.items() if one.title_zh and one.title_en}
    assert set(definition.tasks) <= words.codes("task")
    assert set(definition.requests) <= words.codes("request_kind") | titled
    assert set(definition.outcomes) <= words.codes("outcome")
    assert {urgency.code for urgency in definition.urgencies} <= words.codes("urgency")
    assert set(definition.conditions) <= words.codes("condition")
    assert {paper for one in definition.requests.values() for paper in one.documents} <= words.codes("paper")
    assert {*definition.withdrawal_sides, *(definition.objection.who if definition.objection else ())} <= words.codes(
        "side"
    )
    assert all(lane.title_zh and lane.title_en for lane in definition.lanes.values()) or len(definition.lanes) == 1


def test_every_state_of_the_engine_has_a_word() -> None:
    assert set(state.LIVE_HOLDS) <= words.codes("hold")
    assert words.codes("fraud") >= FRAUD_TYPES


def test_every_state_has_a_look() -> None:
    for kind in ("hold", "stage", "outcome", "verdict"):
        for code in words.codes(kind):
            assert words.look(kind, code) in words.codes("look")
    with pytest.raises(KeyError):
        words.look("hold", "evaporated")
