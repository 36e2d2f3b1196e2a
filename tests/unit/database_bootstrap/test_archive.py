"""The committed archive is what its source gives, and its certificates are what they should be."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BOOTSTRAP = Path(__file__).parents[3] / "modules" / "aws" / "database" / "bootstrap"


def build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, folder / "build.py", *arguments], capture_output=True, text=True, check=False
    )


def certificates() -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((BOOTSTRAP / "source" / "rds-ca-certificates.pem").read_bytes())


def test_the_committed_archive_is_byte_for_byte_what_the_source_builds(tmp_path: Path) -> None:
    shutil.copytree(BOOTSTRAP / "source", tmp_path / "source")
    shutil.copy(BOOTSTRAP / "build.py", tmp_path)
    assert build(tmp_path).returncode == 0
    assert (tmp_path / "bootstrap.zip").read_bytes() == (BOOTSTRAP / "bootstrap.zip").read_bytes(), (
        "run: python modules/aws/database/bootstrap/build.py"
    )


def test_a_changed_source_is_noticed_and_the_message_says_how_to_build(tmp_path: Path) -> None:
    folder = tmp_path / "bootstrap"
    shutil.copytree(BOOTSTRAP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert build(folder, "--check").returncode == 0
    with (folder / "source" / "handler.py").open("a") as file:
        file.write("# changed\n")
    refused = build(folder, "--check")
    assert refused.returncode == 1
    assert "python modules/aws/database/bootstrap/build.py" in refused.stderr


def test_the_archive_holds_the_function_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO((BOOTSTRAP / "bootstrap.zip").read_bytes())) as archive:
        assert archive.namelist() == ["handler.py", "postgres.py", "rds-ca-certificates.pem"]
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_every_certificate_is_a_valid_self_signed_authority_of_rds() -> None:
    now = dt.datetime.now(dt.UTC)
    for certificate in certificates():
        name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        certificate.verify_directly_issued_by(certificate)
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, name
        assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc, name
        assert str(name).startswith("Amazon RDS "), name
        assert "Beta" not in str(name), name
        assert "Preview" not in str(name), name


def test_the_certificates_are_three_for_each_region_with_no_double() -> None:
    names = [str(item.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for item in certificates()]
    regions = {name.removeprefix("Amazon RDS ").partition(" ")[0] for name in names}
    assert sorted(names) == sorted(
        f"Amazon RDS {region} Root CA {kind} G1" for region in regions for kind in ("RSA2048", "RSA4096", "ECC384")
    )
    assert {"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"} <= regions
    assert len({item.public_bytes(Encoding.DER) for item in certificates()}) == len(names)
