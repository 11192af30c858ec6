"""``antifraud worker``: the loops."""

import gc
import signal

import click

from antifraud.cli.surroundings import read_settings
from antifraud.foundation.logs import configure
from antifraud.installation import Installation
from antifraud.worker import Worker

NEW_OBJECTS = 20_000
"""How many more objects there must be before the youngest are looked through for garbage."""


@click.command()
def command() -> None:
    """Fire deadlines, send requests, and do what was planned, until SIGTERM."""
    settings = read_settings()
    configure("antifraud worker")
    worker = Worker(Installation.open(settings, pool_size=16, process="antifraud worker"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    # What is loaded by now stays: the collector need not look through it while a message waits to be sent, nor after
    # every 700 new objects while a backlog is fired (a twelfth of a deadline's time).
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    worker.run()
