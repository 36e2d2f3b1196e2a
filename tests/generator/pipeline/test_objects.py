"""Sources and results in object storage, against a real S3 server on loopback (moto)."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.data.sources import read_sample
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.executors.processes import Processes
from inferloop_synthetic.pipeline.destination import DestinationError, LocalDestination, open_destination
from inferloop_synthetic.pipeline.finish import MANIFEST, read_manifest, verify
from inferloop_synthetic.pipeline.prepare import prepare
from inferloop_synthetic.pipeline.run import make_all
from inferloop_synthetic.pipeline.spec import read_spec


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    started = ThreadedMotoServer("127.0.0.1", 0)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST")).close()
    s3(server).create_bucket(Bucket="team", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return "s3://team"


def s3(server: str) -> object:
    return boto3.client("s3", endpoint_url=server, region_name="eu-central-1")


def keys(server: str) -> list[str]:
    return [entry["Key"] for entry in s3(server).list_objects_v2(Bucket="team").get("Contents", [])]  # type: ignore[attr-defined]


def read(source: str, policy: SourcePolicy | None = None, limits: Limits | None = None) -> pa.Table:
    found = read_sample(
        read_spec({"source": source}), policy or SourcePolicy.anything(), limits or Limits(), lambda n: None
    )
    return found.table


def test_a_table_in_a_bucket_is_read(bucket: str, server: str, orders: pa.Table, tmp_path: Path) -> None:
    pq.write_table(orders, tmp_path / "orders.parquet")
    pacsv.write_csv(orders, tmp_path / "orders.csv")
    for name in ("orders.parquet", "orders.csv"):
        s3(server).upload_file(str(tmp_path / name), "team", f"in/{name}")  # type: ignore[attr-defined]
        assert read(f"{bucket}/in/{name}", SourcePolicy(objects=(f"{bucket}/in",))).num_rows == orders.num_rows


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("s3://team/none.csv", "there is no such object"),
        ("s3://nowhere/none.csv", "there is no such object|cannot be read"),
        ("s3://team/none.xlsx", "extension .xlsx"),
        ("s3://team", "extension"),
        ("s3://key:secret@team/t.csv", "credentials come from the environment"),
        ("s3://team/a//t.csv", "empty pieces or dots"),
    ],
)
def test_what_cannot_be_read_of_a_bucket_is_said(source: str, message: str, bucket: str) -> None:
    with pytest.raises(InputError, match=message) as problem:
        read(source)
    assert "secret" not in str(problem.value)


def test_an_object_larger_than_the_limit_is_refused(bucket: str, server: str) -> None:
    s3(server).put_object(Bucket="team", Key="t.csv", Body=b"a\n" + b"1\n" * 5_000_000)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"s3://team/t\.csv: larger than 2,000,000 bytes"):
        read(f"{bucket}/t.csv", limits=Limits(source_bytes=2_000_000))


@pytest.mark.parametrize("executor", [InProcess(), Processes(workers=2)], ids=repr)
def test_parts_in_a_bucket_are_those_of_a_folder(
    executor: InProcess | Processes, bucket: str, server: str, orders: pa.Table, tmp_path: Path
) -> None:
    pacsv.write_csv(orders, tmp_path / "orders.csv")
    spec = read_spec({"source": str(tmp_path / "orders.csv"), "rows": 2500, "part_rows": 1000})
    prepared = prepare(spec, tmp_path / "work")
    there = open_destination(f"{bucket}/out/one")
    manifest = make_all(prepared, there, executor)
    here = make_all(prepared, LocalDestination(tmp_path / "here"), InProcess())
    assert manifest == here
    assert read_manifest(there) == here
    verify(manifest, there)
    assert keys(server) == [f"out/one/{MANIFEST}", *(f"out/one/part-{i:05d}.parquet" for i in range(3))]


def test_a_presigned_address_gives_the_file_to_anybody(bucket: str) -> None:
    destination = open_destination(f"{bucket}/out")
    destination.write("part-00000.csv", [b"a\n", b"1\n"])
    address = destination.url("part-00000.csv", 60)
    assert address is not None
    assert "X-Amz-Expires=60" in address
    assert "test-secret" not in address
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"a\n1\n"


def test_an_upload_that_breaks_off_leaves_no_object_and_no_parts(bucket: str, server: str) -> None:
    def broken() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * (6 << 20)
        raise KeyboardInterrupt

    destination = open_destination(f"{bucket}/out")
    with pytest.raises(KeyboardInterrupt):
        destination.write("part-00000.csv", broken())
    assert keys(server) == []
    assert not destination.exists("part-00000.csv")
    assert "Uploads" not in s3(server).list_multipart_uploads(Bucket="team")  # type: ignore[attr-defined]


def test_a_large_object_is_uploaded_in_pieces_and_read_back(bucket: str) -> None:
    destination = open_destination(f"{bucket}/out")
    size, digest = destination.write("big.csv", (bytes([i]) * (3 << 20) for i in range(8)))
    assert size == destination.size("big.csv") == 24 << 20
    assert sum(len(chunk) for chunk in destination.read("big.csv")) == size
    assert len(digest) == 64


def test_names_are_listed_below_the_prefix_only_and_deleted(bucket: str) -> None:
    destination = open_destination(f"{bucket}/out/a")
    open_destination(f"{bucket}/out/ab").write("other.csv", [b"1"])
    for name in ("_receipts/part-00000.json", "_receipts/part-00001.json", "part-00000.csv"):
        destination.write(name, [b"1"])
    assert destination.names() == ("_receipts/part-00000.json", "_receipts/part-00001.json", "part-00000.csv")
    assert destination.names("_receipts/") == ("_receipts/part-00000.json", "_receipts/part-00001.json")
    assert destination.names("part-") == ("part-00000.csv",)
    destination.delete("part-00000.csv")
    destination.delete("part-00000.csv")
    assert destination.names("part-") == ()
    with pytest.raises(FileNotFoundError):
        list(destination.read("part-00000.csv"))


def test_a_bucket_that_is_not_there_is_an_error_that_names_it(bucket: str) -> None:
    with pytest.raises(DestinationError, match=r"s3://nowhere/out/a\.csv"):
        open_destination("s3://nowhere/out").write("a.csv", [b"1"])


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a/../../b", ".hidden", "a//b", "", "a\nb"])
@pytest.mark.parametrize("place", ["folder", "s3://team/out"])
def test_no_name_leads_out_of_a_destination(name: str, place: str, bucket: str, tmp_path: Path) -> None:
    destination = open_destination(place if "://" in place else str(tmp_path / place))
    for act in (
        destination.exists,
        destination.delete,
        lambda n: destination.write(n, [b"1"]),
        lambda n: list(destination.read(n)),
    ):
        with pytest.raises(ValueError, match="is not a name"):
            act(name)
