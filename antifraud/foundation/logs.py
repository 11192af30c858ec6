"""Logs: one JSON object a line, fields beside the sentence; never personal data, never a traceback's locals."""

import logging
import sys

import structlog


def configure(process: str) -> None:
    """Send structlog, the standard library's log and its warnings to standard error as JSON lines with ``process``."""

    def named(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        # Not a context variable: those belong to one thread, and requests run in many.
        event.setdefault("process", process)
        return event

    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="logged_at"),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Without locals: they hold names and numbers of people.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False, use_rich=False)
            ),
            _without_statement_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    for noisy in ("apscheduler", "werkzeug", "urllib3", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns whenever a loop still runs as its next look is due, which is how our loops are meant to work.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _without_statement_values(
    _logger: object, _name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Cut an exception's text to its first line: a database error's later lines hold the row that was in its way."""
    for found in event.get("exception") or ():
        if isinstance(found, dict):
            found["exc_value"] = str(found.get("exc_value", "")).partition("\n")[0][:300]
    return event
