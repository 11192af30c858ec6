"""``antifraud web`` without the log: the other side of what the audit chain costs. For the benchmark alone.

There is no such switch in the product. The one call that chains and writes entries is replaced in the worker processes.
"""

from collections.abc import Sequence
from importlib import import_module

from typing_extensions import override

from antifraud.cli import web


class _Unchained(web._Server):
    @override
    def load(self) -> object:
        application = super().load()
        # Only now: the worker process has read the program afresh.
        rows = import_module("antifraud.cases.rows")

        def append(_: object, streams: Sequence[tuple[object, object]], __: object = None) -> list[object]:
            return [head for head, _ in streams]

        vars(rows)["append"] = append
        return application


if __name__ == "__main__":
    web._Server = _Unchained  # type: ignore[misc]  # the one class that the command runs
    web.command()
