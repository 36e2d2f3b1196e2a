"""References to container images, taken apart."""

from __future__ import annotations

import re

from inferloop_deploy.errors import UsageError

# https://github.com/distribution/reference/blob/main/regexp.go, without the short names that stand for Docker Hub's.
_REFERENCE = re.compile(
    r"(?P<repository>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def read_image(text: str) -> dict[str, str]:
    """Return repository, tag and digest of an image, as far as they are said; raises UsageError where it is none."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--image {text}: not an image.",
            "Give a repository with a tag, a digest or both: registry.example.com/team/service:1.4.0@sha256:...",
        )
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    if "tag" not in found and "digest" not in found:
        raise UsageError(
            f"--image {text}: neither a tag nor a digest says which image it is.", f"Add one: {text}:1.4.0"
        )
    return found
