"""How the sandbox's server answers: one at a time, in the SDKs' protocols, and a repeated request only once."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferloop_deploy.sandbox.failures import CODE, Call, answer, describe
from inferloop_deploy.sandbox.processes import end_with
from inferloop_deploy.sandbox.server import Application, Sandbox

SIGNED = "AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=x"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
PAGE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>"


def _environ(service: str = "sqs", invocation: str | None = None, body: bytes = b"", **more: str) -> dict[str, Any]:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/queue",
        "HTTP_AUTHORIZATION": SIGNED.format(service=service),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    return environ | ({"HTTP_AMZ_SDK_INVOCATION_ID": invocation} if invocation else {}) | more


def _ask(application: Application, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    head: list[Any] = []
    body = b"".join(application(environ, lambda *arguments: head.extend(arguments)))
    return head[0], dict(head[1]), body


def _moto(*answers: tuple[str, bytes] | Exception) -> Application:
    """Return an application that gives one answer after the other."""
    left = list(answers)

    def serve(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        start_response(given[0], [("Content-Type", "application/json")])
        return [given[1]]

    return serve


def test_what_moto_answers_is_passed_on_with_the_request_it_got() -> None:
    seen: list[bytes] = []

    def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ["wsgi.input"].read())
        start_response("200 OK", [("X-Own", "1")])
        return [b"a", b"b"]

    assert _ask(Sandbox(echo), _environ(body=b"{}")) == ("200 OK", {"X-Own": "1"}, b"ab")
    assert seen == [b"{}"]


def test_a_request_that_is_sent_again_gets_the_first_answer() -> None:
    sandbox = Sandbox(_moto(("200 OK", b"made"), ("409 Conflict", b"exists already")))
    for _ in range(2):
        assert _ask(sandbox, _environ(invocation="one"))[::2] == ("200 OK", b"made")
    assert _ask(sandbox, _environ(invocation="two"))[::2] == ("409 Conflict", b"exists already")


def test_a_request_that_failed_is_carried_out_again() -> None:
    sandbox = Sandbox(_moto(("500 Internal Server Error", b"{}"), KeyError("x"), ("200 OK", b"made")))
    statuses = [_ask(sandbox, _environ(invocation="one"))[0] for _ in range(3)]
    assert statuses == ["500 Internal Server Error", "501 Not Implemented", "200 OK"]


def test_requests_without_an_invocation_are_never_taken_for_each_other() -> None:
    sandbox = Sandbox(_moto(("200 OK", b"first"), ("200 OK", b"second")))
    assert [_ask(sandbox, _environ())[2] for _ in range(2)] == [b"first", b"second"]


def test_requests_are_served_one_at_a_time() -> None:
    arrived, inside, overlaps = Barrier(4), Event(), []

    def slow(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        overlaps.append(inside.is_set())
        inside.set()
        Event().wait(0.005)
        inside.clear()
        start_response("200 OK", [])
        return [b""]

    sandbox = Sandbox(slow)

    def ask(_: int) -> None:
        arrived.wait()
        _ask(sandbox, _environ())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert overlaps == [False] * 4


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (("404 NOT FOUND", PAGE), "moto does not have this call"),
        (NotImplementedError("The x action"), "moto does not have this call"),
        (KeyError("vpcId"), "moto failed with KeyError: 'vpcId'"),
    ],
)
def test_a_failure_of_moto_becomes_an_error_that_names_the_call(
    failure: tuple[str, bytes] | Exception, reason: str
) -> None:
    status, headers, body = _ask(Sandbox(_moto(failure)), _environ(HTTP_X_AMZ_TARGET="AmazonSQS.CreateQueue"))
    assert status == "501 Not Implemented"
    assert headers["Content-Length"] == str(len(body))
    message = json.loads(body)["message"]
    assert message.startswith(f"The sandbox cannot do sqs CreateQueue: {reason}.")
    assert "inferloop-deploy sandbox gaps" in message


def test_a_page_for_a_person_is_left_as_it_is() -> None:
    environ = _environ()
    del environ["HTTP_AUTHORIZATION"]
    assert _ask(Sandbox(_moto(("404 NOT FOUND", PAGE))), environ)[::2] == ("404 NOT FOUND", PAGE)


@pytest.mark.parametrize(
    ("environ", "call"),
    [
        (_environ("sqs", HTTP_X_AMZ_TARGET="AmazonSQS.CreateQueue"), Call("sqs", "CreateQueue", form=False)),
        (
            _environ("rds", body=b"Action=CreateDBCluster&Version=1", CONTENT_TYPE=FORM),
            Call("rds", "CreateDBCluster", True),
        ),
        (_environ("eks", REQUEST_METHOD="GET", PATH_INFO="/clusters"), Call("eks", "GET /clusters", form=False)),
        ({}, Call("unknown service", "GET /", form=False)),
    ],
)
def test_the_call_is_read_from_the_request(environ: dict[str, Any], call: Call) -> None:
    body = environ["wsgi.input"].read() if environ else b""
    assert Call.of(environ, body) == call


@pytest.mark.parametrize(
    ("call", "start"),
    [
        (Call("ec2", "DescribeIpamPools", form=True), b'<?xml version="1.0"?><Response><Errors><Error>'),
        (Call("rds", "Anything", form=True), b'<?xml version="1.0"?><ErrorResponse><Error>'),
        (Call("cloudfront", "GET /x", form=False), b'<?xml version="1.0"?><ErrorResponse><Error>'),
        (Call("s3", "GET /x", form=False), b'<?xml version="1.0"?><Error>'),
        (Call("eks", "GET /x", form=False), b'{"__type": "SandboxCannotDoThis"'),
    ],
)
def test_each_protocol_gets_its_own_form(call: Call, start: bytes) -> None:
    status, _, body = answer(call, describe(call, ValueError("<&>")))
    assert status == "501 Not Implemented"
    assert body.startswith(start)
    assert b"<&>" not in body or body.startswith(b"{")


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ec2", "describe_ipam_pools", {}),
        ("elasticache", "describe_events", {}),
        ("cloudfront", "list_field_level_encryption_configs", {}),
        ("eks", "list_insights", {"clusterName": "x"}),
        ("kafka", "list_replicators", {}),
    ],
)
def test_boto3_understands_what_the_sandbox_cannot_do(
    sandbox_aws: Callable[[str], Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="The sandbox cannot do") as caught:
        getattr(sandbox_aws(service), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == CODE
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_the_watch_calls_stop_when_a_process_that_is_not_the_parent_has_ended() -> None:
    watched = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    stopped = Event()
    watch = end_with(watched.pid, stopped.set, interval=0.001)
    assert not stopped.is_set()
    watched.communicate()
    watch.join()
    assert stopped.is_set()
