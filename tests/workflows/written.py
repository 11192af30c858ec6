"""Definitions written for a test: the shipped one with lines changed, and tables added."""

from workflows import Definition, parse
from workflows.library import text_of

TEXT = text_of("cn_emergency_stop", 1)
SOURCED = 'source = "test"\nconfidence = "proposal"\n'


def table(name: str, body: str) -> str:
    """Return a table with a source."""
    return f"\n[{name}]\n{body.strip()}\n{SOURCED}"


def task(kind: str, due: str = "PT30M", again: str = "PT2H") -> str:
    """Return the table of a task."""
    return table(f"tasks.{kind}", f'due = "{due}"\nagain = "{again}"')


def changed(*pairs: tuple[str, str], added: str = "") -> str:
    """Return the shipped text with each first text replaced once by its second, and tables at the end."""
    text = TEXT
    for old, new in pairs:
        assert text.count(old) >= 1, f"{old!r} does not stand in the definition"
        text = text.replace(old, new, 1)
    return text + added


def scheme(*pairs: tuple[str, str], added: str = "") -> Definition:
    """Return the definition of a changed text."""
    return parse(changed(*pairs, added=added))


def rewritten(name: str, body: str | None, text: str = TEXT) -> str:
    """Return a text with the whole table ``name`` written anew, or left out for None."""
    head, found, rest = text.partition(f"\n[{name}]\n")
    assert found, f"[{name}] does not stand in the definition"
    end = rest.find("\n[")
    return head + ("" if body is None else table(name, body)) + (rest[end:] if end >= 0 else "")
