"""``antifraud auditor``: what should have fired against what did."""

import signal

import click

from antifraud.auditor import Auditor
from antifraud.cli.surroundings import read_settings
from antifraud.foundation.logs import configure
from antifraud.installation import Installation


@click.command()
def command() -> None:
    """Count each minute what should have fired against what did, from the log, until SIGTERM."""
    settings = read_settings()
    configure("antifraud auditor")
    auditor = Auditor(Installation.open(settings, pool_size=2, process="antifraud auditor"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, auditor.stop)
    auditor.run()
