"""The command ``antifraud``: one file per command, found by its name and loaded only when it is called."""

import importlib
import importlib.util
from typing import Final

import click
import setproctitle
from typing_extensions import override

from antifraud import __version__

COMMANDS: Final = (
    "run",
    "setup",
    "user",
    "status",
    "report",
    "case",
    "demo",
    "deadline",
    "rate",
    "timeliness",
    "workflow",
    "calendar",
    "verify",
    "clock",
    "db",
    "web",
    "worker",
    "auditor",
    "simulator",
)
PROCESSES: Final = frozenset({"run", "web", "worker", "auditor", "simulator"})


class CommandFromFile(click.Group):
    """A group whose commands are the modules of this package, each with a ``command``."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command that this installation has."""
        return [name for name in COMMANDS if importlib.util.find_spec(f"{__name__}.{name}")]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command's module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name}").command
        if not isinstance(command, click.Command):
            message = f"antifraud/cli/{cmd_name}.py has no command"
            raise TypeError(message)
        return command


@click.command(cls=CommandFromFile, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="antifraud")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Coordinate stop payments: reports in, banks asked within seconds, clocks that run, a weekly rate."""
    if ctx.invoked_subcommand in PROCESSES:
        # So that an operator of the machine finds them by name.
        setproctitle.setproctitle(f"antifraud {ctx.invoked_subcommand}")
