"""`parse(text)`: a definition's TOML, or every fault in it at once, each with its TOML path."""

import hashlib
import json
import tomllib
from types import MappingProxyType

from workflows.language.clocks import clocks, urgencies
from workflows.language.crossings import crossings
from workflows.language.heading import heading, rules
from workflows.language.outcomes import outcomes
from workflows.language.reading import InvalidDefinition, Reading
from workflows.language.requests import requests
from workflows.language.tasks import tasks
from workflows.scheme import Definition


def parse(text: str) -> Definition:
    """Read a definition.

    Raises:
        InvalidDefinition: The text is no TOML, or the definition has faults: all of them, each with its path.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDefinition([("", f"is not TOML: {error}")]) from error
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    reading = Reading(document)
    read = _read(reading, hashlib.sha256(canonical.encode()).hexdigest())
    faults = reading.faults or crossings(read)
    if faults:
        raise InvalidDefinition(faults)
    return read


def _read(reading: Reading, content_hash: str) -> Definition:
    head, general, lines = heading(reading), rules(reading), urgencies(reading)
    waits = clocks(reading, [line.code for line in lines])
    kinds = requests(reading)
    answers, work = outcomes(reading, kinds), tasks(reading)
    reading.root.close()
    return Definition(
        **head._asdict(),
        **general._asdict(),
        **waits._asdict(),
        zone=reading.zone,
        content_hash=content_hash,
        urgencies=lines,
        requests=MappingProxyType(kinds),
        outcomes=MappingProxyType(answers),
        tasks=MappingProxyType(work),
        provenance=tuple(reading.provenance),
    )
