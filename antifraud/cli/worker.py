"""``antifraud worker``: the loops."""

import signal

import click

from antifraud.cli.surroundings import read_settings
from antifraud.foundation.logs import configure
from antifraud.installation import Installation
from antifraud.worker import Worker


@click.command()
def command() -> None:
    """Fire deadlines, send requests, and do what was planned, until SIGTERM."""
    settings = read_settings()
    configure("antifraud worker")
    worker = Worker(Installation.open(settings, pool_size=16, process="antifraud worker"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    worker.run()
