"""``antifraud simulator``: the simulated banks of the drill centre, as a process of their own."""

import logging
import signal
import threading
from types import FrameType

import click
from setproctitle import setproctitle

from antifraud.cli.surroundings import read_settings
from antifraud.simulator.server import SimulatorServer


@click.command()
def command() -> None:
    """Run the simulated banks on the port after the service's (loopback only)."""
    settings = read_settings()
    if settings.environment == "production":
        message = "simulated banks do not run in production"
        raise click.ClickException(message)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    # It calls the end of an idle connection an error.
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    setproctitle("antifraud simulator")
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    try:
        server = SimulatorServer(settings.home, settings.build_clock(), settings.simulator_port)
    except FileNotFoundError as error:
        message = f"{error.filename} is missing; run 'antifraud db prepare' first"
        raise click.ClickException(message) from error
    server.start()
    stop.wait()
    server.stop()
