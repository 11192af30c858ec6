"""What this process counts, for a monitor to fetch: no name, no number, no address is ever a label.

With several web processes each keeps its counts in a file of the folder that PROMETHEUS_MULTIPROC_DIR names (set
before this module is imported), and whichever process is asked adds them up.
"""

import os
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own signature has no types
_registry = CollectorRegistry()

REQUESTS: Final = Counter(
    "antifraud_http_requests",
    "Requests answered, by route template (never a path), method and status.",
    ("route", "method", "status"),
    registry=_registry,
)
REQUEST_SECONDS: Final = Histogram(
    "antifraud_http_request_seconds",
    "Time from a request's first line to its answer; a stream counts until it opens.",
    ("route", "method"),
    buckets=_SECONDS,
    registry=_registry,
)
REPORTS: Final = Counter(
    "antifraud_reports",
    "Reports by what became of them: opened, joined, stored (not understood yet), replayed, refused.",
    ("outcome",),
    registry=_registry,
)
STREAMS: Final = Gauge(
    "antifraud_streams_open",
    "Streams that pages hold open at this moment.",
    registry=_registry,
    multiprocess_mode="livesum",
)
if SHARED_FOLDER not in os.environ:
    # Memory, processor time and open files of this process; of several they would mean nothing added up.
    ProcessCollector(registry=_registry)


def exposition(looked_up: Iterable[Collector]) -> bytes:
    """Return everything counted, and what is looked up at this moment, in the text format of Prometheus."""
    now = CollectorRegistry()
    for collector in looked_up:
        now.register(collector)
    counted = _registry
    if SHARED_FOLDER in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # the library's own signature has no types
    return generate_latest(counted) + generate_latest(now)


def report_outcome(status: int, told: object, *, is_repeated: bool) -> str:
    """Return what became of a report that was taken: its label in `REPORTS`."""
    if is_repeated:
        return "replayed"
    if status == HTTPStatus.ACCEPTED:
        return "stored"
    return "joined" if isinstance(told, dict) and (told.get("case") or {}).get("joined") else "opened"
