"""A collector on loopback that keeps the spans it is sent."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What receives spans over OTLP, as plain tuples."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                for resource in request.resource_spans:
                    about = {item.key: item.value for item in resource.resource.attributes}
                    for scope in resource.scope_spans:
                        collector.spans += [collector.read(span, about) for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def read(span: Any, about: dict[str, Any]) -> dict[str, Any]:
        attributes = {item.key: item.value for item in span.attributes}
        return {
            "name": span.name, "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
            "process": about["process.pid"].int_value, "service": about["service.name"].string_value, "part": attributes["part.index"].int_value if "part.index" in attributes else None,
        }  # fmt: skip

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
