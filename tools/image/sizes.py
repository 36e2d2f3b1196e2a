"""What an image's size is made of."""

import tarfile
import zlib
from collections import Counter
from pathlib import PurePosixPath

from layout import Image

SHOWN = 18
FAST = 1
"""Compressing tells only a part's share of a layer, whose size is known; more effort takes long and changes little."""


def part_of(path: PurePosixPath) -> str:
    """Return the part that a file is counted in: a Python package, Python itself, or the rest of the system."""
    words = path.parts[1:]
    if "site-packages" in words:
        package = words[words.index("site-packages") + 1]
        return (
            "metadata of packages"
            if package.endswith(".dist-info")
            else package.removesuffix(".libs").removesuffix(".py")
        )
    if path.match("/usr/bin/python3*") or (words[:2] == ("usr", "lib") and words[2].startswith("python3")):
        return "Python"
    return "Debian's libraries and data"


def table(image: Image) -> str:
    """Return a table of the parts, the heaviest first: bytes on disk, and their share of the compressed layers."""
    plain: Counter[str] = Counter()
    packed: Counter[str] = Counter()
    for layer in image.layers:
        packed_here: Counter[str] = Counter()
        with tarfile.open(layer.path) as archive:
            for member in archive:
                handle = archive.extractfile(member) if member.isreg() else None
                if handle is not None:
                    content = handle.read()
                    part = part_of(PurePosixPath("/") / member.name)
                    plain[part] += len(content)
                    packed_here[part] += len(zlib.compress(content, FAST))
        for part, size in packed_here.items():
            packed[part] += round(size * layer.compressed / packed_here.total())
    rows = [(part, plain[part], size) for part, size in packed.most_common()]
    rest = rows[SHOWN:]
    rows = [*rows[:SHOWN], (f"{len(rest)} others", sum(row[1] for row in rest), sum(row[2] for row in rest))]
    rows.append(("all", plain.total(), packed.total()))
    lines = [f"{'part':32} {'MB':>8} {'compressed':>12}"]
    return "\n".join(lines + [f"{part:32} {size / 1e6:8.1f} {small / 1e6:12.1f}" for part, size, small in rows])
