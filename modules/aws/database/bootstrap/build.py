"""Pack the Lambda function that makes databases and roles: python modules/aws/database/bootstrap/build.py [--check].

The same source gives the same bytes on every machine: files in order, one date, one mode, no compression.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent
ARCHIVE = FOLDER / "bootstrap.zip"
NAMES = ("handler.py", "postgres.py", "rds-ca-certificates.pem")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip archive can hold."""


def packed(folder: Path) -> bytes:
    """Return the archive of the source files in `folder`."""
    buffer = io.BytesIO()
    # Stored, not deflated: the output of zlib differs between its versions and forks.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in NAMES:
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, (folder / name).read_bytes())
    return buffer.getvalue()


def main(arguments: list[str]) -> int:
    """Write the archive, or with --check only tell whether the one that is there is the one the source gives."""
    content = packed(FOLDER / "source")
    if arguments == ["--check"]:
        same = ARCHIVE.is_file() and ARCHIVE.read_bytes() == content
        if not same:
            sys.stderr.write(
                f"{ARCHIVE.name} is not what its source gives; run: python modules/aws/database/bootstrap/build.py\n"
            )
        return 0 if same else 1
    if arguments:
        sys.stderr.write("usage: build.py [--check]\n")
        return 2
    ARCHIVE.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
