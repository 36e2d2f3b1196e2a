"""Find strings that no tracked file may hold: hosts of package registries, places of one machine, credentials.

Run through `make lint`. A lock or document that names a registry's host ties the project to it; an absolute path of a
person's machine breaks on every other one.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THIS = "tools/check_forbidden.py"


@dataclass(frozen=True)
class Rule:
    """A pattern that may stand nowhere but in the named places."""

    identifier: str
    pattern: re.Pattern[str]
    fix: str
    allowed: re.Pattern[str] = re.compile(r"(?!)")


RULES = (
    Rule(
        "registry-host",
        re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|proxy\.golang\.org|static\.crates\.io"),
        "Leave the host out: clients know it, and mirrors have others.",
    ),
    Rule(
        "terraform-registry-host",
        re.compile(r"registry\.(?:terraform\.io|opentofu\.org)"),
        "Write the provider's short address, hashicorp/aws.",
        # Lock files name it, and the layout of a mirror folder begins with it.
        re.compile(r"(^|/)\.terraform\.lock\.hcl$|^wrapper/inferloop_deploy/.*\.py$|^tests/.*\.py$"),
    ),
    Rule(
        "machine-path",
        re.compile(r"(?<![\w.$}-])/(?:work|root)/|/opt/tf-plugins"),
        "Use a path below the project's root, ~ or an environment variable.",
    ),
    Rule(
        "home-path",
        re.compile(r"(?<![\w.$}-])/(?:home|Users)/\w+"),
        "Use ~ or an environment variable.",
        re.compile(r"^tests/.*\.py$"),  # homes that a test makes up
    ),
    Rule(
        "aws-access-key",
        re.compile(r"\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b"),
        "Take it out and have it revoked; credentials come from the environment.",
    ),
    Rule(
        "private-key",
        re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
        "Take it out and have it replaced; tests make their own keys.",
    ),
)


def tracked_files() -> list[str]:
    """Return the files that git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file())


def violations(name: str, text: str) -> list[str]:
    """Return a message for every place in a text that breaks a rule."""
    return [
        f"{name}:{number}: [{rule.identifier}] {match[0]!r} must not stand here. {rule.fix}"
        for number, line in enumerate(text.splitlines(), start=1)
        for rule in RULES
        if not rule.allowed.search(name)
        for match in rule.pattern.finditer(line)
    ]


def main() -> int:
    """Check every file; return 1 where one breaks a rule."""
    found = []
    for name in tracked_files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content and name != THIS:
            found += violations(name, content.decode(errors="replace"))
    for message in found:
        print(message, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
