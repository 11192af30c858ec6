"""Starts the product's commands for the tests, each as a process of its own, without waiting for slow imports.

Run as a script. It imports other people's packages once and forks; the child then runs the command line as
``python -m antifraud.cli`` would, and imports all of the product afresh. One JSON line in, one out: ``start`` gives a
process id, ``poll`` its return code (negative: the signal) or null. When it ends, so does everything it started.
"""

import importlib
import json
import os
import runpy
import signal
import sys
from typing import Any

from antifraud.supervisor.parent import die_with_parent

OTHERS = (
    "alembic.config",
    "apscheduler.schedulers.background",
    "argon2",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "flask",
    "gunicorn.app.base",
    "gunicorn.workers.gthread",
    "http_message_signatures",
    "marshmallow",
    "psycopg",
    "pypinyin",
    "requests",
    "sqlalchemy.dialects.postgresql.psycopg",
    "structlog",
)


def main() -> None:
    for name in OTHERS:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] == "antifraud"]:
        del sys.modules[name]
    codes: dict[int, int] = {}
    say({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "start":
            say({"pid": start(asked["arguments"], asked["environ"], asked["log"])})
        else:
            say({"code": code_of(asked["pid"], codes)})


def start(arguments: list[str], environ: dict[str, str], log: str) -> int:
    end_with_us = die_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        end_with_us()
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = ["antifraud", *arguments]
        runpy.run_module("antifraud.cli", run_name="__main__", alter_sys=True)
        os._exit(0)
    return pid


def code_of(pid: int, codes: dict[int, int]) -> int | None:
    if pid not in codes:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended == 0:
            return None
        codes[pid] = os.waitstatus_to_exitcode(status)
    return codes[pid]


def say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
