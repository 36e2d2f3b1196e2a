"""Install the servers that tests need, PostgreSQL and Redis, where the machine lacks them.

Run through `make test-servers`, and by `make test`. Debian's packages are taken, as root or through sudo; elsewhere it
says what to install. No service is started: the tests start private servers on loopback (tests/support/servers.py).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

import servers  # noqa: E402  # after the path that it is found on

PACKAGES = {"PostgreSQL": ["postgresql"], "Redis": ["redis-server"]}
ELSEWHERE = {"darwin": "brew install postgresql@17 redis"}
NO_SERVICES = Path("/usr/sbin/policy-rc.d")
"""While this file says 101, installing a package starts no service (Debian's invoke-rc.d)."""


def missing() -> list[str]:
    """Return which servers are not there."""
    finders: dict[str, Callable[[], Path]] = {"PostgreSQL": servers.postgres_programs, "Redis": servers.redis_program}
    found = []
    for name, find in finders.items():
        try:
            find()
        except servers.ServerError:
            found.append(name)
    return found


def apt_command() -> list[str] | None:
    """Return apt-get as somebody who may install, None where nobody may."""
    apt = shutil.which("apt-get")
    if apt is None:
        return None
    if os.geteuid() == 0:
        return [apt]
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "DEBIAN_FRONTEND=noninteractive", apt]
    return None


def install(apt: list[str], packages: list[str]) -> bool:
    """Install Debian packages, without starting their services where that can be kept from happening."""
    quiet = os.geteuid() == 0 and not NO_SERVICES.exists()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if quiet:
        NO_SERVICES.write_text("#!/bin/sh\nexit 101\n")
        NO_SERVICES.chmod(0o755)
    try:
        words = ["install", "-y", "--no-install-recommends", *packages]
        if subprocess.run([*apt, *words], env=environment, check=False).returncode == 0:
            return True
        # The lists of packages of an image are often older than the packages on the mirror.
        subprocess.run([*apt, "update"], env=environment, check=False)
        return subprocess.run([*apt, *words], env=environment, check=False).returncode == 0
    finally:
        if quiet:
            NO_SERVICES.unlink(missing_ok=True)


def main() -> int:
    """Install what is missing; return 1 where that is not possible."""
    lacking = missing()
    if not lacking:
        print(f"servers: {servers.postgres_programs()}, {servers.redis_program()}")
        return 0
    packages = [package for name in lacking for package in PACKAGES[name]]
    apt = apt_command()
    if apt is not None:
        print(f"servers: installing {', '.join(packages)}")
        if install(apt, packages) and not missing():
            return 0
    how = ELSEWHERE.get(sys.platform, f"apt-get install {' '.join(packages)} (as root)")
    print(
        f"servers: {' and '.join(missing())} cannot be installed from here. Install it your own way, for instance:\n"
        f"  {how}\n"
        "or name the programs: export INFERLOOP_POSTGRES=/folder/of/postgres INFERLOOP_REDIS=/path/of/redis-server",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
