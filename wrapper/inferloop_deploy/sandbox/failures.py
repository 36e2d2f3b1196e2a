"""Answers that the AWS SDKs understand for what the sandbox cannot do.

Moto answers an unknown path or an error of its own with a page of HTML, which Terraform reports as "invalid character
'<'". These answers name the call and the reason instead. Their status is 501, which no SDK tries again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qs

STATUS = "501 Not Implemented"
CODE = "SandboxCannotDoThis"

_REST_XML = {"cloudfront", "route53", "s3", "s3control"}


@dataclass(frozen=True)
class Call:
    """Which AWS call a request makes, as far as its head and form tell."""

    service: str
    action: str
    form: bool

    @classmethod
    def of(cls, environ: dict[str, Any], body: bytes) -> Call:
        """Read the service from the signature and the action from the target header, the form or the path."""
        signature = re.search(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if not action and form:
            action = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
        if not action:
            action = f"{environ.get('REQUEST_METHOD', 'GET')} {environ.get('PATH_INFO', '/')}"
        return cls(service=signature[1] if signature else "unknown service", action=action, form=form)


def describe(call: Call, failure: Exception | None) -> str:
    """Say what the sandbox cannot do, why, and where to look."""
    if failure is None or isinstance(failure, NotImplementedError):
        reason = "moto does not have this call"
    else:
        reason = f"moto failed with {type(failure).__name__}: {failure}"
    return (
        f"The sandbox cannot do {call.service} {call.action}: {reason}. "
        "`inferloop-deploy sandbox gaps` lists what it does in moto's place; AWS itself may well accept the call."
    )


def answer(call: Call, message: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status line, headers and body in the protocol of the call's service."""
    if call.service == "ec2":
        body = f"<Response><Errors>{_xml(message)}</Errors></Response>"
    elif call.service in _REST_XML - {"s3"} or call.form:
        body = f"<ErrorResponse>{_xml(message)}</ErrorResponse>"
    elif call.service == "s3":
        body = _xml(message)
    else:
        document = json.dumps({"__type": CODE, "code": CODE, "message": message, "Message": message})
        return STATUS, [("Content-Type", "application/json"), ("x-amzn-ErrorType", CODE)], document.encode()
    return STATUS, [("Content-Type", "text/xml")], f'<?xml version="1.0"?>{body}'.encode()


def _xml(message: str) -> str:
    return f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
