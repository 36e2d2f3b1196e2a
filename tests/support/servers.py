"""Private PostgreSQL and Redis servers for tests, on loopback, each with a data folder and a port of its own.

A keeper process starts the server, stops it and starts it again as it is told through a pipe. When the pipe closes, whether
the tests ended well or pytest was killed, the keeper stops the server and removes the folder. `make test-servers` installs the
programs; nothing here downloads anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY = {"postgres": "database system is ready to accept connections", "redis": "Ready to accept connections"}
PORTS_TRIED = 5
HELP = "run `make test-servers`, which installs them"


class ServerError(Exception):
    """A server is not installed, or does not start."""


def postgres_programs() -> Path:
    """Return the folder of `postgres` and `initdb`: INFERLOOP_POSTGRES, Debian's newest, or what is on the PATH."""
    given = os.environ.get("INFERLOOP_POSTGRES")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    for folder in [Path(given)] if given else [*debian, *on_path]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise ServerError(f"there is no PostgreSQL server{f' in {given}' if given else ''}: {HELP}")


def redis_program() -> Path:
    """Return the Redis server: INFERLOOP_REDIS, or what is on the PATH."""
    found = os.environ.get("INFERLOOP_REDIS") or shutil.which("redis-server") or shutil.which("valkey-server")
    if not found or not Path(found).exists():
        raise ServerError(f"there is no Redis server{f' at {found}' if found else ''}: {HELP}")
    return Path(found)


def free_port() -> int:
    """Return a port of loopback that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def account() -> tuple[int, int] | None:
    """Return whom servers run as where the tests run as root, which PostgreSQL refuses to; else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    return 65534, 65534


@dataclass
class Server:
    """A running server. `stop` and `start` may be told any number of times; address and data stay the same."""

    kind: str
    folder: Path
    port: int
    password: str
    _keeper: subprocess.Popen[str] = field(repr=False)
    host: str = "127.0.0.1"

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        self._tell("start")

    def stop(self) -> None:
        """Stop it in an orderly way that does not wait for clients to leave."""
        self._tell("stop")

    def crash(self) -> None:
        """End it as a power cut would: at once, with nothing written or said."""
        self._tell("crash")

    def freeze(self) -> None:
        """Make it silent: connections stay open and nothing is answered."""
        self._tell("freeze")

    def thaw(self) -> None:
        """Let it go on."""
        self._tell("thaw")

    def close(self) -> None:
        """End it, and remove its folder."""
        self._keeper.stdin.close()  # type: ignore[union-attr]
        self._keeper.wait()
        self._keeper.stdout.close()  # type: ignore[union-attr]

    def url(self, database: str | int = "") -> str:
        """Return the URL of a database: a name in PostgreSQL, a number in Redis."""
        if self.kind == "redis":
            return f"redis://:{self.password}@{self.host}:{self.port}/{database or 0}"
        return f"postgresql://postgres:{self.password}@{self.host}:{self.port}/{database or 'postgres'}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement through PostgreSQL's own client, outside a transaction, and return what it prints."""
        result = subprocess.run(
            [postgres_programs() / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(database)],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise ServerError(result.stderr.strip())
        return result.stdout.strip()

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.sql(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[1]}" WITH (FORCE)')

    def _tell(self, word: str) -> None:
        self._keeper.stdin.write(word + "\n")  # type: ignore[union-attr]
        self._keeper.stdin.flush()  # type: ignore[union-attr]
        answer = json.loads(self._keeper.stdout.readline() or '{"error": "the keeper is gone"}')  # type: ignore[union-attr]
        if "error" in answer:
            raise ServerError(f"{self.kind} does not {word}: {answer['error']}")


def start_postgres(
    programs: Path | None = None, *, superuser: str = "postgres", password: str = "", access: str = "",
    settings: Mapping[str, str] | None = None, folder: Path | None = None,
) -> Server:  # fmt: skip
    """Start a PostgreSQL server; `access` replaces its pg_hba.conf, `settings` go to its command line."""
    programs = programs or postgres_programs()
    password = password or secrets.token_hex(16)

    def prepare(data: Path, run: Any) -> None:
        secret = data.parent / "password"
        secret.write_text(password)
        give_away(secret)
        run(
            [programs / "initdb", "-D", data, "-U", superuser, "-A", "scram-sha-256", "--pwfile", secret, "--no-sync",
             "-E", "UTF8", "--locale", "C"]
        )  # fmt: skip
        secret.unlink()
        if access:
            (data / "pg_hba.conf").write_text(access)

    def command(data: Path, port: int) -> list[str]:
        # A crash of the server loses nothing without fsync either; only a crash of the machine would.
        chosen = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "shared_buffers": "16MB",
            "max_connections": "80", **(settings or {}),
        }  # fmt: skip
        options = [word for key, value in chosen.items() for word in ("-c", f"{key}={value}")]
        return [str(programs / "postgres"), "-D", str(data), "-p", str(port), *options]

    return _start("postgres", prepare, command, password, {"stop": signal.SIGINT, "crash": signal.SIGQUIT}, folder)


def start_redis(settings: Mapping[str, str] | None = None) -> Server:
    """Start a Redis server that writes every change to disk before it answers."""
    program, password = redis_program(), secrets.token_hex(16)

    def command(data: Path, port: int) -> list[str]:
        chosen = {
            "bind": "127.0.0.1", "port": str(port), "dir": str(data), "requirepass": password, "save": "", "appendonly": "yes",
            "appendfsync": "always", "daemonize": "no", **(settings or {}),
        }  # fmt: skip
        options = [word for key, value in chosen.items() for word in (f"--{key}", value)]
        return [str(program), *options]

    return _start("redis", lambda data, run: None, command, password, {"stop": signal.SIGTERM, "crash": signal.SIGKILL})


def give_away(path: Path) -> None:
    """Give a file or folder to the account that servers run as."""
    if who := account():
        os.chown(path, *who)


def _start(
    kind: str,
    prepare: Any,
    command: Any,
    password: str,
    signals: Mapping[str, signal.Signals],
    folder: Path | None = None,
) -> Server:
    folder = folder or Path(tempfile.mkdtemp(prefix=f"inferloop-{kind}-"))
    data = folder / "data"
    data.mkdir(mode=0o700)
    for path in (folder, data):
        give_away(path)
    identity = _identity()

    def run(words: Sequence[str | Path]) -> None:
        result = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False, **identity)
        if result.returncode:
            raise ServerError(f"{Path(words[0]).name}: {result.stderr.strip()}")

    try:
        prepare(data, run)
        for attempt in range(PORTS_TRIED):
            port = free_port()
            plan = {
                "kind": kind, "folder": str(folder), "command": command(data, port),
                "signals": {word: int(number) for word, number in signals.items()},
            }  # fmt: skip
            # A session of its own: Ctrl-C in the tests' terminal is for the tests, which then end the server in their order.
            keeper = subprocess.Popen(
                [sys.executable, __file__, json.dumps(plan)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            server = Server(kind, folder, port, password, keeper)
            try:
                server.start()
            except ServerError:  # the port may have been taken meanwhile
                if attempt == PORTS_TRIED - 1:
                    server.close()
                    raise
                keeper.kill()
                keeper.wait()
            else:
                return server
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    raise AssertionError


def _identity() -> dict[str, Any]:
    who = account()
    return {} if who is None else {"user": who[0], "group": who[1], "extra_groups": []}


class Keeper:
    """The process that owns a server."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._plan = plan
        self._process: subprocess.Popen[str] | None = None

    def serve(self, orders: Iterator[str]) -> None:
        """Do what is ordered until there are no more orders; then end the server and remove its folder."""
        try:
            for order in orders:
                try:
                    getattr(self, order.strip())()
                    answer: dict[str, str] = {}
                except ServerError as error:
                    answer = {"error": str(error)}
                try:
                    print(json.dumps(answer), flush=True)
                except BrokenPipeError:
                    break
        finally:
            self.thaw()
            self._end(self._plan["signals"]["crash"])
            shutil.rmtree(self._plan["folder"], ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it says that it is ready."""
        log = Path(self._plan["folder"]) / "log"
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        process = self._process = subprocess.Popen(
            self._plan["command"], cwd=self._plan["folder"], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **_identity(),
        )  # fmt: skip
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if READY[self._plan["kind"]] in line:
                threading.Thread(target=_drain, args=(process, log), daemon=True).start()
                return
        process.wait()
        raise ServerError("".join(said[-20:]).strip() or f"it ended with {process.returncode}")

    def stop(self) -> None:
        """Stop the server in order."""
        self._end(self._plan["signals"]["stop"])

    def crash(self) -> None:
        """End the server at once."""
        self._end(self._plan["signals"]["crash"])

    def freeze(self) -> None:
        """Stop all processes of the server."""
        for pid in self._family():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for pid in self._family():
            os.kill(pid, signal.SIGCONT)

    def _end(self, number: int) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def _family(self) -> list[int]:
        """Return the server's processes, the first of them first."""
        if self._process is None:
            return []
        parent = self._process.pid
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = [line.split() for line in listing.splitlines()]
        return [parent, *(int(pid) for pid, ppid in pairs if int(ppid) == parent)]


def _drain(process: subprocess.Popen[str], log: Path) -> None:
    assert process.stdout is not None
    with log.open("a") as file, contextlib.suppress(ValueError):
        for line in process.stdout:
            file.write(line)
            file.flush()


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(_number, signal.SIG_IGN)  # it ends when its pipe does
    Keeper(json.loads(sys.argv[1])).serve(iter(sys.stdin.readline, ""))
