"""``antifraud setup``: what ``antifraud run`` does before it starts anything, alone."""

import os

import click

from antifraud.cli.surroundings import read_settings
from antifraud.supervisor import service


@click.command()
def command() -> None:
    """Make the database, its tables and the keys, and stop again."""
    raise SystemExit(service.prepare(read_settings(), say=click.echo, environ=os.environ))
