"""Install what builds and runs containers, from Debian's packages, where it is missing.

Run through `make test-containers`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PROGRAMS = {
    "buildah": "buildah",
    "containerd": "containerd",
    "ipset": "ipset",
    "mmdebstrap": "mmdebstrap",
    "podman": "podman",
    "runc": "runc",
}
"""Each program and the package that has it."""
LEFT_OUT = "Tests can do without: make test CONTAINERS=no"


def missing() -> list[str]:
    """Return the packages of programs that are not on the PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return sorted(package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None)


def privileged() -> list[str] | None:
    """Return what goes before a command so that it runs as root, or None where nothing does."""
    if os.geteuid() == 0:
        return []
    return ["sudo", "--non-interactive"] if shutil.which("sudo") else None


def main() -> int:
    """Install what is missing."""
    packages = missing()
    if not packages:
        return 0
    before = privileged()
    if shutil.which("apt-get") is None or before is None:
        print(f"error: install {', '.join(packages)}; as root on Debian this program does. {LEFT_OUT}", file=sys.stderr)
        return 1
    install = [
        *before,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
    ]
    if subprocess.run([*install, *packages], stdout=sys.stderr, check=False).returncode:
        subprocess.run([*before, "apt-get", "update"], stdout=sys.stderr, check=False)
        if subprocess.run([*install, *packages], stdout=sys.stderr, check=False).returncode:
            print(f"error: apt-get could not install {', '.join(packages)}, see above. {LEFT_OUT}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
