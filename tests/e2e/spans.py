"""Takes OTLP traces over gRPC, as a backend behind a collector would, and appends each span as a line of JSON to a file.

Arguments: the file. Prints the port it listens at.
"""

import concurrent.futures
import json
import sys

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class Traces(trace_service_pb2_grpc.TraceServiceServicer):
    """Writes down what arrives."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")

    def Export(self, request, context):
        for resource in request.resource_spans:
            attributes = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.write(attributes.get("service.name", ""), span)
        self.file.flush()
        return trace_service_pb2.ExportTraceServiceResponse()

    def write(self, service, span):
        line = {
            "service": service,
            "name": span.name,
            "kind": span.kind,
            "trace": span.trace_id.hex(),
            "span": span.span_id.hex(),
            "parent": span.parent_span_id.hex(),
            "attributes": {item.key: item.value.string_value for item in span.attributes},
        }
        self.file.write(json.dumps(line) + "\n")


server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(sys.argv[1]), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
