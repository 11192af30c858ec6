"""`parse(text)`: a definition's TOML, or every fault in it at once, each with its TOML path."""

import hashlib
import json
import tomllib
from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType

from workflows.language.clocks import clocks, urgencies
from workflows.language.corrections import taken_back
from workflows.language.crossings import crossings, opened_tasks
from workflows.language.duties import duties
from workflows.language.following import following
from workflows.language.heading import general, heading, missing
from workflows.language.house import with_house
from workflows.language.lanes import lanes
from workflows.language.outcomes import outcomes
from workflows.language.reading import InvalidDefinition, Reading
from workflows.language.requests import requests
from workflows.language.tasks import tasks
from workflows.language.terms import second_clocks
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
    document, lent, stranger = with_house(document)
    # In the order of the file: the order of lanes and urgencies decides which one takes a claim.
    canonical = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    reading = Reading(document)
    if stranger is not None:
        reading.faults.append(("definition.house", stranger))
    read = _without_idle(_read(reading, hashlib.sha256(canonical.encode()).hexdigest()), lent)
    told = {path for path, _ in reading.faults}
    faults = [*reading.faults, *(fault for fault in crossings(read) if fault[0] not in told)]
    if faults:
        raise InvalidDefinition(faults)
    return read


def _without_idle(read: Definition, lent: Collection[str]) -> Definition:
    """Leave out the tasks that the house lends and the scheme never opens."""
    idle = set(lent) - opened_tasks(read)
    return replace(
        read,
        tasks=MappingProxyType({kind: task for kind, task in read.tasks.items() if kind not in idle}),
        provenance=tuple(rule for rule in read.provenance if rule.path.removeprefix("tasks.") not in idle),
        lent_tasks=frozenset(lent) - idle,
    )


def _read(reading: Reading, content_hash: str) -> Definition:
    head, short, lines = heading(reading), general(reading), urgencies(reading)
    ways, chase, beside = lanes(reading, head.assets), following(reading), duties(reading)
    waits = clocks(reading, [line.code for line in lines])
    second = second_clocks(reading)
    kinds = requests(reading)
    answers, work = outcomes(reading, kinds), tasks(reading)
    back, unknown = taken_back(reading), missing(reading)
    reading.root.close()
    return Definition(
        **head._asdict(),
        **short._asdict(),
        **chase._asdict(),
        **beside._asdict(),
        **waits._asdict(),
        **second._asdict(),
        **back._asdict(),
        zone=reading.zone,
        missing=unknown,
        content_hash=content_hash,
        urgencies=lines,
        lanes=ways,
        requests=MappingProxyType(kinds),
        outcomes=MappingProxyType(answers),
        tasks=MappingProxyType(work),
        provenance=tuple(reading.provenance),
    )
