"""The sandbox's server process: moto's application with the gaps closed, on loopback.

Started by `Sandbox.start`; by hand: `python -m inferloop_deploy.sandbox.server --port 5999`.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .failures import Call, answer, describe
from .processes import HOST, end_with

MOTO_SETTINGS = {
    "MOTO_ACM_VALIDATION_WAIT": "0",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
}
"""Moto reads these when it is imported: certificates validate at once, and AWS's managed policies exist."""

ANSWERS_KEPT = 1000
"""Answers that are kept for requests that are sent again; an SDK does so within seconds."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Sandbox:
    """Moto's application, one request at a time, with answers that the SDKs understand where it fails.

    One at a time, because moto's state is plain dictionaries, and Terraform sends ten requests at once. A request that
    an SDK sends again, because the answer to the first was lost on the way, gets that answer once more: carried out
    twice, "create" would be answered with "exists already".
    """

    def __init__(self, moto: Application) -> None:
        self._moto = moto
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[list[Any], bytes]] = OrderedDict()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        head: list[Any] = []
        failure: Exception | None = None
        content = b""
        invocation = str(environ.get("HTTP_AMZ_SDK_INVOCATION_ID", ""))
        with self._lock:
            if invocation in self._answers:
                head, content = self._answers[invocation]
                start_response(*head)
                return [content]
            try:
                content = b"".join(self._moto(environ, lambda *arguments: head.extend(arguments)))
            except Exception as error:  # noqa: BLE001 - whatever fails in moto is answered in the SDK's protocol
                failure = error
                traceback.print_exc()
            if invocation and head and not str(head[0]).startswith("5"):
                self._answers[invocation] = (head, content)
                if len(self._answers) > ANSWERS_KEPT:
                    self._answers.popitem(last=False)
        if failure is None and not _is_page(content, environ):
            start_response(*head)
            return [content]
        call = Call.of(environ, body)
        status, headers, content = answer(call, describe(call, failure))
        start_response(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]


def _is_page(content: bytes, environ: Environ) -> bool:
    """Whether the answer is one of Flask's own pages, in place of an answer of an AWS service."""
    return content.lstrip()[:14].lower() == b"<!doctype html" and "HTTP_AUTHORIZATION" in environ


def make_application() -> Application:
    """Import moto, close the gaps and return its application."""
    os.environ.update(MOTO_SETTINGS)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from .gaps import install

    install()
    return Sandbox(DomainDispatcherApplication(create_backend_app))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m inferloop_deploy.sandbox.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--parent", type=int, help="end when the process with this id has ended")
    options = parser.parse_args(arguments)
    os.environ["MOTO_PORT"] = str(options.port)

    application = make_application()
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):
        def log_request(self, *_: Any) -> None:
            """Log errors only: a plan is thousands of requests."""

    server = make_server(HOST, options.port, application, threaded=True, request_handler=QuietHandler)
    stop = threading.Thread(target=server.shutdown, daemon=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.start() if not stop.is_alive() else None)
    if options.parent is not None:
        end_with(options.parent, server.shutdown)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
