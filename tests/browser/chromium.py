"""Which browser is driven, how it is started, and what a machine lacks for it."""

import shutil
import subprocess
from typing import Final

from playwright._impl._driver import compute_driver_executable

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REMEDY: Final = "on Debian: apt-get install chromium fonts-noto-cjk libatomic1"


def path_of_chromium() -> str | None:
    """Return this machine's Chromium, if it has one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str | None:
    """Return in one line what the machine lacks for driving a browser; None where it has all of it."""
    if path_of_chromium() is None:
        return f"there is no Chromium on this machine; {REMEDY}"
    node, *_ = compute_driver_executable()
    runs = subprocess.run([str(node), "--version"], capture_output=True, check=False)
    return None if runs.returncode == 0 else f"the browser's driver does not start on this machine; {REMEDY}"
