"""Unpack Debian packages and what they depend on into a folder that becomes an image's file system.

    python3 unpack.py packages.txt /system

Runs in a build stage that has apt. apt fetches the packages and checks Debian's signatures and hashes; nothing is configured,
so no script of a package runs and nothing of the build stage gets in. `packages.txt` names the packages wanted and, after
a minus, those that an image without shell and package manager does without.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

USER = 10001
ACCOUNTS = {
    "etc/passwd": f"root:x:0:0:root:/nonexistent:/usr/sbin/nologin\ninferloop:x:{USER}:{USER}:Inferloop:/tmp:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\ninferloop:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
UNNEEDED = (
    # Documentation (each package's copyright file stays: licences ask for it), translations, character set converters.
    "usr/share/doc/*/*[!t]",
    "usr/share/doc/*/[!c]*t",
    "usr/share/man",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/bug",
    "usr/share/apport",
    "usr/share/applications",
    "usr/share/pixmaps",
    "usr/share/base-files",
    "usr/share/common-licenses/GFDL*",
    "usr/lib/*/gconv",
    "usr/sbin/update-ca-certificates",
    # Parts of Python's library that need a screen, a terminal, a compiler or pip.
    "usr/lib/python3*/config-*",
    "usr/lib/python3*/ensurepip",
    "usr/lib/python3*/idlelib",
    "usr/lib/python3*/lib2to3",
    "usr/lib/python3*/distutils",
    "usr/lib/python3*/tkinter",
    "usr/lib/python3*/turtledemo",
    "usr/lib/python3*/turtle.py",
    "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/test",
    "usr/lib/python3*/__phello__",
    "usr/lib/python3*/curses",
    "usr/lib/python3*/venv",
    "usr/lib/python3*/lib-dynload/_curses*",
    "usr/lib/python3*/lib-dynload/_dbm*",
    "usr/lib/python3*/lib-dynload/_test*",
    "usr/lib/python3*/lib-dynload/_ctypes_test*",
    "usr/lib/python3*/lib-dynload/_xx*",
    "usr/lib/python3*/lib-dynload/xx*",
    "usr/lib/python3*/lib-dynload/readline*",
    # Folders of a machine that is booted and logged in to.
    *("boot", "dev", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "data"),
    *(
        "etc/default",
        "etc/dpkg",
        "etc/profile.d",
        "etc/skel",
        "etc/update-motd.d",
        "etc/cron*",
        "etc/init.d",
        "etc/ca-certificates",
    ),
    *("var/backups", "var/cache", "var/local", "var/lock", "var/log", "var/mail", "var/opt", "var/run", "var/spool", "var/tmp"),
    *("usr/games", "usr/include", "usr/local", "usr/src"),
)


def read_list(text: str) -> tuple[list[str], re.Pattern[str]]:
    """Return the packages wanted, and a pattern of those done without."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    without = [line[1:].strip() for line in lines if line.startswith("-")]
    wanted = [line for line in lines if line and not line.startswith("-")]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [name.replace("{python}", version) for name in wanted], re.compile("|".join(without))


def dependencies(text: str) -> dict[str, list[str]]:
    """Return what each package depends on from `apt-cache depends`' text; of alternatives the first."""
    found: dict[str, list[str]] = {}
    package, alternative = "", False
    for line in text.splitlines():
        if line and not line.startswith((" ", "<")):
            package, alternative = line.strip(), False
            found[package] = []
        elif match := re.match(r"\s+(\|?)(?:Pre)?Depends: (\S+)", line):
            if not alternative:
                found[package].append(match[2])
            alternative = bool(match[1])
    return found


def closure(wanted: list[str], without: re.Pattern[str]) -> list[str]:
    """Return the wanted packages and all that they depend on, less those done without."""
    known: set[str] = set()
    todo = set(wanted)
    while todo:
        command = ["apt-cache", "depends", "--important", "--no-recommends", *sorted(todo)]
        answer = dependencies(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        known |= todo
        todo = {name for names in answer.values() for name in names if not without.fullmatch(name)} - known
    virtual = sorted(name for name in known if name.startswith("<"))
    if virtual:
        sys.exit(f"unpack: {', '.join(virtual)}: which package shall provide it? Name it in packages.txt, or do without")
    return sorted(known)


def unpack(package: Path, root: Path) -> None:
    """Unpack one package's files, and keep its description where scanners look for it."""
    files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
    # In Debian /bin, /lib and /sbin are links; packages that still ship files there must follow them.
    subprocess.run(["tar", "--extract", "--keep-directory-symlink", "--directory", root], stdin=files.stdout, check=True)
    if files.wait():
        sys.exit(f"unpack: {package.name} is damaged")
    control = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
    name = package.name.split("_")[0]
    described = root / "var/lib/dpkg/status.d" / name
    described.parent.mkdir(parents=True, exist_ok=True)
    described.write_text(control.replace("\nVersion:", "\nStatus: install ok installed\nVersion:", 1))


def remove_unneeded(root: Path) -> None:
    """Remove what a container of ours never reads."""
    for pattern in UNNEEDED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def finish(root: Path) -> None:
    """Write what packages' scripts would have written: accounts, certificates, folders."""
    for name, text in ACCOUNTS.items():
        (root / name).write_text(text)
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(b"".join(path.read_bytes() for path in certificates))
    shutil.rmtree(root / "usr/share/ca-certificates")
    for name in ("dev", "proc", "sys", "run"):
        (root / name).mkdir(mode=0o755, exist_ok=True)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o1775)
    (root / "data").mkdir()
    (root / "data").chmod(0o770)
    os.chown(root / "data", USER, 0)  # group 0: OpenShift gives each project a user number of its own, in that group
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)  # runc gives what is mounted there the rights of the folder below


def compile_library(root: Path) -> None:
    """Compile Python's library; the compiled files name a hash of their source, not its time, so they are always the same."""
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", root, "-p", "/"]
    subprocess.run([*command, *(root / "usr/lib").glob("python3*")], check=True)


def main(package_list: Path, root: Path) -> None:
    """Fetch, unpack, strip, finish."""
    wanted, without = read_list(package_list.read_text())
    subprocess.run(["apt-get", "update", "--quiet=2"], check=True)
    names = closure(wanted, without)
    fetched = Path("/build/packages")
    fetched.mkdir(parents=True)
    # apt's own user may not write into a folder of root.
    subprocess.run(["apt-get", "download", "--quiet=2", "-o", "APT::Sandbox::User=root", *names], check=True, cwd=fetched)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in sorted(fetched.iterdir()):
        unpack(package, root)
    remove_unneeded(root)
    finish(root)
    compile_library(root)
    print(f"unpack: {len(names)} packages: {' '.join(names)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
