"""Which name was meant."""

from __future__ import annotations

import pytest

from inferloop_deploy.names import did_you_mean, meant, nearest_name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("rateLimt", "rateLimit"),
        ("rate_limit", "rateLimit"),
        ("RATELIMIT", "rateLimit"),
        ("replica", "replicas"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found(name: str, near: str | None) -> None:
    assert nearest_name(name, ["rateLimit", "replicas", "path"]) == near


def test_the_question_and_all_names_are_said() -> None:
    assert did_you_mean("pth", ["path"]) == "Did you mean path?"
    assert did_you_mean("x", ["path"]) is None
    assert meant("pth", ["path", "port"], "Fields") == "Did you mean path? Fields: path, port."
    assert meant("x", [], "Fields") == "Fields: none."
