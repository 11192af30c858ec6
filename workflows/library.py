"""The definitions that come with the product, by id and version: the only thing that is read from disk."""

import re
from functools import cache
from importlib import resources

from workflows.language import parse
from workflows.scheme import Definition

_FILE = re.compile(r"(?P<id>[a-z][a-z0-9_]*)\.v(?P<version>[1-9]\d*)\.toml", re.ASCII)


class UnknownDefinition(LookupError):
    """No definition of that id and version comes with the product."""


@cache
def bundled() -> tuple[tuple[str, int], ...]:
    """Return (id, version) of every bundled definition, sorted."""
    found = (_FILE.fullmatch(entry.name) for entry in resources.files("workflows").joinpath("definitions").iterdir())
    return tuple(sorted((match["id"], int(match["version"])) for match in found if match))


def text_of(id: str, version: int) -> str:  # noqa: A002 - the noun of the definition file
    """Return the TOML text of a bundled definition.

    Raises:
        UnknownDefinition: There is none of that id and version.
    """
    if (id, version) not in bundled():
        msg = f"there is no bundled definition {id} version {version}"
        raise UnknownDefinition(msg)
    return resources.files("workflows").joinpath("definitions", f"{id}.v{version}.toml").read_text("utf-8")


@cache
def load(id: str, version: int) -> Definition:  # noqa: A002 - the noun of the definition file
    """Return a bundled definition, parsed once per process.

    Raises:
        UnknownDefinition: There is none of that id and version.
    """
    return parse(text_of(id, version))
