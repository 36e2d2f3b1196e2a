"""Gaps in AWS Lambda."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction

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


def _logging(patches: Patches) -> None:
    def keep(make_function: Callable[..., None]) -> Callable[..., None]:
        def init(function: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any) -> None:
            function.sandbox_logging = spec.get("LoggingConfig")
            make_function(function, account_id, spec, *rest, **named)

        return init

    def change(update: Callable[..., Any]) -> Callable[..., Any]:
        def update_configuration(function: Any, config_updates: dict[str, Any]) -> Any:
            function.sandbox_logging = config_updates.get("LoggingConfig", function.sandbox_logging)
            return update(function, config_updates)

        return update_configuration

    def tell(read: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def get_configuration(function: Any, on_create: bool = False) -> dict[str, Any]:
            default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
            return read(function, on_create) | {"LoggingConfig": default | (function.sandbox_logging or {})}

        return get_configuration

    patches.replace(LambdaFunction, "__init__", keep)
    patches.replace(LambdaFunction, "update_configuration", change)
    patches.replace(LambdaFunction, "get_configuration", tell)


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
    Gap(
        id="lambda-logging",
        service="Lambda",
        stock="Forgets the log group and format of a function.",
        remedy="Tells them as they were set.",
        reason="Every plan would set them again.",
        hides="Nothing.",
        install=_logging,
    ),
)
