"""Merge the rooms' translations into the one catalogue that the pages read; run by ``make assets``.

One file a room keeps people out of each other's way; one catalogue at run time
means that a word means the same everywhere.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent / "translations"
DOMAIN = "messages"


class CatalogueError(Exception):
    """Two rooms translate one text in two ways, or a file cannot be read; the message names the text."""


def files(locale: str) -> Iterator[Path]:
    """Return the translations of one language, one file a room."""
    yield from sorted((FOLDER / locale / "LC_MESSAGES").glob("*.po"))


def merged(locale: str) -> Catalog:
    """Return every room's translations as one catalogue.

    Raises:
        CatalogueError: A text has two translations.
    """
    whole = Catalog(locale=locale, charset="utf-8")
    for path in files(locale):
        with path.open("rb") as file:
            room = read_po(file, locale=locale, abort_invalid=True)
        for message in room:
            if not message.id:
                continue
            before = whole.get(message.id, message.context)
            if before is not None and before.string != message.string:
                text = f"{path.name}: {message.id!r} is {before.string!r} elsewhere and {message.string!r} here"
                raise CatalogueError(text)
            whole.add(message.id, message.string, context=message.context)
    return whole


def compile_all() -> list[Path]:
    """Write the compiled catalogue of every language and return the files."""
    written = []
    for folder in sorted(path for path in FOLDER.iterdir() if (path / "LC_MESSAGES").is_dir()):
        target = folder / "LC_MESSAGES" / f"{DOMAIN}.mo"
        aside = target.with_suffix(f".{os.getpid()}")
        with aside.open("wb") as file:
            write_mo(file, merged(folder.name))
        aside.replace(target)  # whole or not at all: another process may be reading it
        written.append(target)
    return written


if __name__ == "__main__":
    try:
        compile_all()
    except CatalogueError as error:
        sys.exit(f"translations: {error}")
