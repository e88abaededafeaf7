"""``python3 -P tests/browser/install.py``: get Debian's Chromium for the tests, where that can be had.

Only for root on a system with apt-get (a container, continuous integration): nobody's own machine is changed
without a question. Without a browser, the tests that need one are skipped, and the run ends by naming them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.browser import chromium

_SECONDS = 300
_APT = ("apt-get", "-qq", "-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=0")


def main() -> int:
    """Install it unless it is there; failing is no error."""
    if chromium.find() or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return 0
    print("Installing Chromium for the tests of pages (apt-get) …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["update"],
        ["install", "--yes", "--no-install-recommends", "chromium", "fonts-noto-core"],
    ):
        try:
            result = subprocess.run(
                [*_APT, *command],
                env=environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            print("  It took too long; the tests go on without a browser.")
            return 0
        if result.returncode != 0:
            last = (result.stderr or result.stdout).strip().splitlines()[-1:]
            print(f"  That did not work ({' '.join(last)}); the tests go on without a browser.")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
