"""Gaps in AWS Lambda."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaBackend

from .gap import Gap, Patches

NOT_RUN = json.dumps({"sandbox": "the function was not run"}).encode()


def _invocation(patches: Patches) -> None:
    def make(_: Callable[..., Any]) -> Callable[..., Any]:
        def answer_without_running(
            backend: Any, function_name: str, qualifier: str | None, *_: Any, **__: Any
        ) -> bytes:
            backend.get_function(function_name, qualifier)
            return NOT_RUN

        return answer_without_running

    patches.replace(LambdaBackend, "invoke", make)


GAPS = (
    Gap(
        id="lambda-invocation",
        service="Lambda",
        stock="Runs functions in Docker containers, and fails where there is no Docker.",
        remedy="Answers an invocation without running the function, after checking that the function exists.",
        reason="The databases and roles of services are made by a function that Terraform invokes.",
        hides="What functions do: databases and roles inside PostgreSQL are not made.",
        install=_invocation,
    ),
)
