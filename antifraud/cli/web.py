"""``antifraud web``: the web process, on gunicorn."""

import click
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # gunicorn ships no types

from antifraud.cli.surroundings import read_settings
from antifraud.foundation.settings import Settings


class _Server(BaseApplication):  # type: ignore[misc]  # of an untyped base
    """gunicorn with our settings instead of its own command line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Threads, because a request mostly waits for the database; no access log, because addresses are personal."""
        settings = self._settings
        for name, value in {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.web_processes,
            "worker_class": "gthread",
            "threads": settings.web_threads,
            "graceful_timeout": max(1, settings.stop_seconds - 2),
            "timeout": 60,
            "keepalive": 5,
            "proc_name": "antifraud web",
            "accesslog": None,
            "loglevel": "warning",
            "control_socket_disable": True,
        }.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> object:
        """Build the application in the worker, after the fork: pools and keys are not shared."""
        from antifraud.app import application  # noqa: PLC0415 - after the fork

        return application()


@click.command()
def command() -> None:
    """Serve reports, banks' answers and figures over HTTP."""
    _Server(read_settings()).run()
