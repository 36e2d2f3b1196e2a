"""The certificates of a control plane: its own authority, one certificate for each program and person."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=30)
"""How long a certificate holds; a control plane here lives for hours."""
USES = {
    "digital_signature": True,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass(frozen=True)
class Authority:
    """An authority that signs certificates, kept as `<name>.crt` and `<name>.key` in a folder."""

    folder: Path
    name: str

    @property
    def certificate(self) -> Path:
        """Return the file that others trust it by."""
        return self.folder / f"{self.name}.crt"

    @property
    def key(self) -> Path:
        """Return the file of its key."""
        return self.folder / f"{self.name}.key"

    @classmethod
    def create(cls, folder: Path, name: str) -> Authority:
        """Make an authority."""
        authority = cls(folder, name)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"inferloop-{name}")])
        uses = x509.KeyUsage(**{**USES, "key_cert_sign": True, "crl_sign": True})
        certificate = (
            _builder(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(uses, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(authority.key, private_pem(key))
        _write(authority.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    def issue(
        self, file: str, name: str, groups: Sequence[str] = (), hosts: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> tuple[Path, Path]:
        """Make `<file>.crt` and `<file>.key` for a program or person; groups are how Kubernetes reads organizations."""
        own = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signer = serialization.load_pem_private_key(self.key.read_bytes(), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.key} is no key of an elliptic curve")
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            _builder(subject, own.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**USES), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        names = [*(x509.DNSName(host) for host in hosts), *(x509.IPAddress(ip_address(one)) for one in addresses)]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(signer, hashes.SHA256())
        paths = (self.folder / f"{file}.crt", self.folder / f"{file}.key")
        _write(paths[0], certificate.public_bytes(serialization.Encoding.PEM))
        _write(paths[1], private_pem(key))
        return paths


def write_key_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Make `<name>.pub` and `<name>.key`, with which tokens of service accounts are checked and signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, private = folder / f"{name}.pub", folder / f"{name}.key"
    _write(
        public,
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )
    _write(private, private_pem(key))
    return public, private


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as Go's programs read it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFE)
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(content)
