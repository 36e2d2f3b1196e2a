"""Where may be read from, what is shown of a place, and what a stranger cannot reach through an address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.policy import SourcePolicy, SourceRefused, is_public
from inferloop_synthetic.data.sources import read_sample
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.spec import read_spec


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("data/t.csv", "data/t.csv"),
        ("postgresql://me:hunter2@db:5432/sales", "postgresql://***@db:5432/sales"),
        ("postgresql://me@db/sales", "postgresql://me@db/sales"),
        ("mysql+pymysql://me:p%40ss@db/s?ssl_key=/k&charset=utf8", "mysql+pymysql://***@db/s?ssl_key=***&charset=utf8"),
        ("https://user:pw@host/t.csv?X-Amz-Signature=abc&n=1", "https://***@host/t.csv?X-Amz-Signature=***&n=1"),
        ("https://host/t.csv?api_token=abc", "https://host/t.csv?api_token=***"),
        ("s3://bucket/t.csv", "s3://bucket/t.csv"),
    ],
)  # fmt: skip
def test_credentials_of_a_place_are_not_shown(text: str, shown: str) -> None:
    assert Location.parse(text).shown == shown
    assert text == shown or text not in repr(Location.parse(text))


def test_credentials_are_taken_out_of_what_libraries_say() -> None:
    place = Location.parse("postgresql://me:p%40ss@db/s?password=hunter2")
    said = place.scrubbed("cannot connect to postgresql://me:p%40ss@db/s?password=hunter2 as me with p@ss or hunter2")
    assert said == "cannot connect to postgresql://***@db/s?password=*** as me with *** or ***"


def test_a_specification_shows_no_credentials() -> None:
    spec = read_spec({"source": "postgresql://me:hunter2@db/s", "table": "t"})
    assert spec.as_json()["source"] == "postgresql://me:hunter2@db/s"
    assert "hunter2" not in f"{spec.shown()}{spec!r}{spec}"


@pytest.mark.parametrize(
    "source",
    [
        "../secret.csv",
        "../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "link.csv",
        "folder/../../secret.csv",
        ".",
    ],
)
def test_no_path_leads_out_of_the_folders_that_may_be_read(source: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SourceRefused):
        SourcePolicy(roots=(root,)).check(Location.parse(source))


def test_paths_below_a_root_are_read_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    for source in ("t.csv", str(tmp_path / "t.csv"), "x/../t.csv"):
        found = read_sample(read_spec({"source": source}), SourcePolicy(roots=(tmp_path,)), Limits(), lambda rows: None)
        assert found.rows == 2


@pytest.mark.parametrize(
    "source",
    [
        "t.csv",
        "s3://team/in/t.csv",
        "https://example.org/t.csv",
        "http://example.org/t.csv",
        "postgresql://db/s",
        "sqlite:////etc/passwd",
        "ftp://host/t.csv",
        "gopher://host/t.csv",
    ],
)
def test_a_policy_that_names_nothing_allows_nothing(source: str) -> None:
    with pytest.raises(SourceRefused):
        SourcePolicy().check(Location.parse(source))


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("s3://team/in/t.csv", True),
        ("s3://team/in/deep/t.csv", True),
        ("s3://team/out/t.csv", False),
        ("s3://team/inside.csv", False),
        ("s3://team/in/../out/t.csv", False),
        ("s3://team/in/%2e%2e/out/t.csv", False),
        ("s3://team.evil/in/t.csv", False),
        ("gs://team/in/t.csv", False),
    ],
)
def test_only_objects_below_a_prefix_are_read(source: str, allowed: bool) -> None:
    policy = SourcePolicy(objects=("s3://team/in/",))
    if allowed:
        policy.check(Location.parse(source))
    else:
        with pytest.raises(SourceRefused):
            policy.check(Location.parse(source))


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("postgresql://u:p@db.internal/s", True),
        ("postgresql+pg8000://u:p@DB.internal:5432/s?sslmode=require", True),
        ("postgresql://u:p@other:5433/s", True),
        ("postgresql://u:p@other/s", False),
        ("postgresql://u:p@169.254.169.254/s", False),
        ("postgresql://u:p@db.internal/s?host=169.254.169.254", False),
        ("postgresql://u:p@db.internal/s?hostaddr=10.0.0.1", False),
        ("postgresql:///s?host=/var/run/postgresql", False),
        ("sqlite:////srv/data.db", False),
        ("mysql://u:p@db.internal/s?read_default_file=/etc/passwd", False),
    ],
)
def test_only_databases_that_are_named_are_asked(source: str, allowed: bool) -> None:
    policy = SourcePolicy(databases=("db.internal", "other:5433"))
    if allowed:
        policy.check(Location.parse(source))
    else:
        with pytest.raises(SourceRefused):
            policy.check(Location.parse(source))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("localhost", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@dataclass
class Site:
    """A web server on loopback that answers what it is told to; `asked` are the hosts and paths that it was asked for."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((str(self.headers["Host"]).partition(":")[0], self.path))
            status, headers, body = found.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def fetched(source: str, policy: SourcePolicy, limits: Limits | None = None) -> int:
    return read_sample(read_spec({"source": source}), policy, limits or Limits(), lambda rows: None).rows


def names(**addresses: str) -> SourcePolicy:
    """Return a policy for public addresses and the host open.test, which knows no other names than these."""
    table = {name.replace("_", "."): address for name, address in addresses.items()}
    return SourcePolicy(web=True, hosts=frozenset({"open.test"}), resolver=lambda host, port: [table[host]])


def test_a_web_address_is_read_through_redirects(site: Site) -> None:
    site.answers = {"/a.csv": (302, {"Location": "/b.csv"}, b""), "/b.csv": (200, {}, b"a\n1\n2\n3\n")}
    assert fetched(f"http://open.test:{site.port}/a.csv", names(open_test="127.0.0.1")) == 3
    assert site.asked == [("open.test", "/a.csv"), ("open.test", "/b.csv")]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "inside.test"])
def test_a_private_address_is_not_asked_however_it_is_written(host: str, site: Site) -> None:
    def resolver(name: str, port: int) -> list[str]:
        return ["::1" if name == "::1" else "127.0.0.1"]

    with pytest.raises(SourceRefused, match="not public"):
        fetched(f"http://{host}:{site.port}/a.csv", SourcePolicy(web=True, resolver=resolver))
    assert site.asked == []


def test_a_host_with_one_private_address_among_public_ones_is_refused(site: Site) -> None:
    policy = SourcePolicy(web=True, resolver=lambda host, port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(SourceRefused):
        fetched(f"http://mixed.test:{site.port}/a.csv", policy)


def test_a_redirect_to_a_private_address_is_not_followed(site: Site) -> None:
    site.answers = {"/a.csv": (302, {"Location": f"http://inside.test:{site.port}/secret.csv"}, b"")}
    with pytest.raises(SourceRefused, match=r"inside\.test.*not public"):
        fetched(f"http://open.test:{site.port}/a.csv", names(open_test="127.0.0.1", inside_test="127.0.0.1"))
    assert site.asked == [("open.test", "/a.csv")]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://open.test/t.csv", "s3://bucket/t.csv"])
def test_a_redirect_to_another_kind_of_place_is_not_followed(target: str, site: Site) -> None:
    site.answers = {"/a.csv": (302, {"Location": target}, b"")}
    with pytest.raises(InputError, match="redirects to"):
        fetched(f"http://open.test:{site.port}/a.csv", names(open_test="127.0.0.1"))


def test_a_name_that_changes_its_address_leads_nowhere_else(site: Site) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        """Answer with an address that is allowed first, and with a private one ever after."""
        asked.append(host)
        return ["93.184.216.34"] if len(asked) <= 2 else ["127.0.0.1"]

    site.answers = {"/a.csv": (200, {}, b"a\n1\n")}
    policy = SourcePolicy(web=True, resolver=rebinding)
    policy.check(Location.parse(f"http://rebind.test:{site.port}/a.csv"))
    assert policy.addresses(Location.parse(f"http://rebind.test:{site.port}/a.csv")) == ["93.184.216.34"]
    with pytest.raises(SourceRefused):
        fetched(f"http://rebind.test:{site.port}/a.csv", policy)
    assert site.asked == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, b""), "answered 404"),
        ((302, {}, b""), "redirects to nowhere"),
        ((302, {"Location": "/a.csv"}, b""), "redirects more than 5 times"),
        ((200, {}, b"a\n" + b"1\n" * 5000), "larger than 1,000 bytes"),
        ((200, {}, b""), "the file is empty"),
        ((200, {}, b"a,b\n1\n"), r"http://open\.test:\d+/a\.csv: line 2: 1 values"),
    ],
)
def test_what_goes_wrong_on_the_web_is_said(
    answer: tuple[int, dict[str, str], bytes], message: str, site: Site
) -> None:
    site.answers = {"/a.csv": answer}
    with pytest.raises(InputError, match=message):
        fetched(f"http://open.test:{site.port}/a.csv", names(open_test="127.0.0.1"), Limits(source_bytes=1000))


def test_nothing_of_what_was_fetched_stays_on_the_disk(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    site.answers = {"/a.csv": (200, {}, b"a\n1\n"), "/b.csv": (200, {}, b"a\n1,2\n")}
    fetched(f"http://open.test:{site.port}/a.csv", names(open_test="127.0.0.1"))
    with pytest.raises(InputError):
        fetched(f"http://open.test:{site.port}/b.csv", names(open_test="127.0.0.1"))
    assert not list(tmp_path.iterdir())


def test_an_unknown_extension_is_refused_before_anything_is_fetched(site: Site) -> None:
    with pytest.raises(InputError, match="extension"):
        fetched(f"http://open.test:{site.port}/a.xlsx", names(open_test="127.0.0.1"))
    assert site.asked == []
