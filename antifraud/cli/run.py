"""``antifraud run``: the whole service under one supervisor."""

import os

import click

from antifraud.cli.surroundings import read_settings
from antifraud.supervisor import service


@click.command()
def command() -> None:
    """Start everything: database, web, worker, simulated institutions. Ctrl-C stops it."""
    raise SystemExit(service.run(read_settings(), say=click.echo, environ=os.environ))
