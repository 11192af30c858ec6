"""How long this process is wanted: told once by whoever runs it, heard by whatever would otherwise go on."""

from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Lifetime:
    """The end of one process, before it ends: long answers (streams) stop by it, and no new work is asked for.

    A process ends for one of two reasons. It is *replaced*: another one has its work already, so nothing is missing.
    Or the service *stops*: whoever asks is to go elsewhere, at once.
    """

    def __init__(self) -> None:
        self._at_end: list[Callable[[], object]] = []
        self._afterwards: list[Callable[[], object]] = []
        self.is_ending = False
        self.is_stopping = False

    def at_end(self, call: Callable[[], object]) -> None:
        """Have ``call`` made once when the end begins; it runs on the server's own thread, so it may not wait."""
        self._at_end.append(call)

    def afterwards(self, call: Callable[[], object]) -> None:
        """Have ``call`` made once when the last request was answered: what requests need is closed then."""
        self._afterwards.append(call)

    def end(self, *, replaced: bool = False) -> None:
        """Begin the end; a second call changes nothing."""
        if not self.is_ending:
            self.is_stopping = not replaced
            self.is_ending = True
            _make(self._at_end)

    def over(self) -> None:
        """Say that nothing is under way any more."""
        _make(self._afterwards)


def _make(calls: list[Callable[[], object]]) -> None:
    while calls:
        call = calls.pop(0)
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the others must still be told
            log.warning("end_not_heard", kind=type(error).__qualname__)
