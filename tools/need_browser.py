"""Install Chromium from Debian's packages where there is none, and print where it is.

Run through `make test-browser`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def main() -> int:
    """Find or install the browser."""
    found = os.environ.get("INFERLOOP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        print(found)
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            "error: install Chromium, or name it in INFERLOOP_CHROMIUM; as root on Debian this program does",
            file=sys.stderr,
        )
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    if subprocess.run(install, env=environment, stdout=sys.stderr, check=False).returncode:
        subprocess.run(["apt-get", "update"], env=environment, stdout=sys.stderr, check=True)
        subprocess.run(install, env=environment, stdout=sys.stderr, check=True)
    print(shutil.which("chromium"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
