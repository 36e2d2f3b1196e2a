"""The bill of materials of an image, in CycloneDX: Debian's packages, Python's, and what wheels carry within them."""

import json
import re
import uuid
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser, Parser

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from layout import Image
from packageurl import PackageURL

NAMESPACE = uuid.UUID("6f1f3a1e-7c0e-5d7b-9a57-3b1c2d4e5f60")
DESCRIBED = "/var/lib/dpkg/status.d/*"
INSTALLED = "*.dist-info/METADATA"
CARRIED = "*.dist-info/sboms/*.json"


def debian_components(image: Image) -> list[Component]:
    """Return a component for each of Debian's packages."""
    text = b"".join(image.contents("/usr/lib/os-release").values()).decode()
    release = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    distribution = f"debian-{release['VERSION_ID'].strip(chr(34))}" if "VERSION_ID" in release else "debian"
    found = []
    for content in image.contents(DESCRIBED).values():
        described = Parser().parsestr(content.decode())
        name, version, architecture = (str(described[key]) for key in ("Package", "Version", "Architecture"))
        place = PackageURL("deb", "debian", name, version, {"arch": architecture, "distro": distribution})
        source = str(described["Source"] or name).split(" ")[0]
        found.append(
            Component(
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                purl=place,
                bom_ref=place.to_string(),
                description=str(described["Description"] or "").splitlines()[0],
                properties=[Property(name="debian:source", value=source)],
            )
        )
    return found


def python_components(image: Image) -> list[Component]:
    """Return a component for each Python distribution, its licence as its metadata state it."""
    licences = LicenseFactory()
    found = []
    for content in image.contents(INSTALLED).values():
        described = BytesParser().parsebytes(content)
        name, version = re.sub(r"[-_.]+", "-", str(described["Name"])).lower(), str(described["Version"])
        place = PackageURL("pypi", None, name, version)
        found.append(
            Component(
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                purl=place,
                bom_ref=place.to_string(),
                description=str(described["Summary"] or ""),
                licenses=[
                    licences.make_from_string(text, license_acknowledgement=LicenseAcknowledgement.DECLARED)
                    for text in stated_licence(described)
                ],
            )
        )
    return found


def stated_licence(described: Message) -> list[str]:
    """Return the licence of a distribution: its expression, else a short licence field, else its classifiers."""
    if described["License-Expression"]:
        return [str(described["License-Expression"])]
    stated = str(described["License"] or "").strip()
    if stated and len(stated.splitlines()) == 1 and stated != "UNKNOWN":
        return [stated]
    classifiers = [str(line) for line in described.get_all("Classifier", [])]
    return [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")][:1]


def carried_components(image: Image) -> list[Component]:
    """Return what wheels say they carry: libraries and crates compiled into them (PEP 770)."""
    found: dict[str, Component] = {}
    for path, content in image.contents(CARRIED).items():
        carrier = path.split("/")[-3].removesuffix(".dist-info")
        for part in json.loads(content).get("components", []):
            if part.get("purl") and part.get("version"):
                place = PackageURL.from_string(part["purl"])
                found[part["purl"]] = Component(
                    name=part["name"],
                    version=part["version"],
                    type=ComponentType.LIBRARY,
                    purl=place,
                    bom_ref=part["purl"],
                    properties=[Property(name="inferloop:carried-by", value=carrier)],
                )
    return list(found.values())


def render(image: Image, name: str, epoch: int) -> str:
    """Return the bill as JSON; the same image has the same bill.

    Raises:
        ValueError: it does not follow CycloneDX's schema.
    """
    subject = Component(
        name=name.rpartition(":")[0].rpartition("/")[2],
        version=image.config["config"]["Labels"]["org.opencontainers.image.version"],
        type=ComponentType.CONTAINER,
        bom_ref=image.digest,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=image.digest.removeprefix("sha256:"))],
    )
    bill = Bom(serial_number=uuid.uuid5(NAMESPACE, image.digest))
    bill.metadata.timestamp = datetime.fromtimestamp(epoch, UTC)
    bill.metadata.component = subject
    known: dict[str, Component] = {}
    for component in [*debian_components(image), *python_components(image), *carried_components(image)]:
        known.setdefault(str(component.bom_ref.value), component)
    bill.components.update(known.values())
    bill.register_dependency(subject, known.values())
    text = JsonV1Dot6(bill).output_as_string(indent=2)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"the bill of materials does not follow CycloneDX's schema: {problem}")
    return text + "\n"
