"""Learns the enrollment API by reflection alone, and prints what it found as JSON.

Arguments: host:port, token.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

address, token = sys.argv[1:]
channel = grpc.insecure_channel(address)
database = ProtoReflectionDescriptorDatabase(channel)
pool = descriptor_pool.DescriptorPool(database)


def call(service, method, request, metadata=()):
    """Calls a unary method of which nothing is known but its name."""
    found = pool.FindServiceByName(service).FindMethodByName(method)
    kind = message_factory.GetMessageClass(found.input_type)
    answer = message_factory.GetMessageClass(found.output_type)
    stub = channel.unary_unary(
        f"/{service}/{method}",
        request_serializer=kind.SerializeToString,
        response_deserializer=answer.FromString,
    )
    return stub(kind(**request), metadata=metadata, timeout=10)


def details_pool():
    """google.rpc.Status and two of its details, which every client of typed errors knows."""
    file = descriptor_pb2.FileDescriptorProto(name="details.proto", package="google.rpc", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto

    def message(name, *fields):
        declared = file.message_type.add(name=name)
        for number, field_name, kind, repeated, of in fields:
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            declared.field.add(name=field_name, number=number, type=kind, label=label, type_name=of)

    text, nested = field.TYPE_STRING, field.TYPE_MESSAGE
    message("Any", (1, "type_url", text, False, None), (2, "value", field.TYPE_BYTES, False, None))
    message(
        "Status",
        (1, "code", field.TYPE_INT32, False, None),
        (2, "message", text, False, None),
        (3, "details", nested, True, ".google.rpc.Any"),
    )
    message("ErrorInfo", (1, "reason", text, False, None), (2, "domain", text, False, None))
    message("FieldViolation", (1, "field", text, False, None), (2, "description", text, False, None))
    message("BadRequest", (1, "field_violations", nested, True, ".google.rpc.FieldViolation"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


DETAILS = details_pool()


def detail(name):
    return message_factory.GetMessageClass(DETAILS.FindMessageTypeByName(f"google.rpc.{name}"))


def explained(error):
    """The typed details of a refusal."""
    found = {"code": error.code().name, "fields": []}
    trailers = dict(error.trailing_metadata())
    status = detail("Status").FromString(trailers["grpc-status-details-bin"])
    for item in status.details:
        if item.type_url.endswith("google.rpc.ErrorInfo"):
            info = detail("ErrorInfo").FromString(item.value)
            found.update(reason=info.reason, domain=info.domain)
        if item.type_url.endswith("google.rpc.BadRequest"):
            found["fields"] = [v.field for v in detail("BadRequest").FromString(item.value).field_violations]
    return found


def refused(service, method, request):
    try:
        call(service, method, request, bearer)
    except grpc.RpcError as error:
        return explained(error)
    raise SystemExit(f"{service}/{method} was not refused")


bearer = (("authorization", f"Bearer {token}"),)
health = call("grpc.health.v1.Health", "Check", {"service": ""})
directory = "mentor.enrollment.v1.DirectoryService"
people = call(directory, "ListPeople", {"page_size": 10}, bearer).people
print(
    json.dumps(
        {
            "services": sorted(database.get_services()),
            "health": health.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[health.status].name,
            "people": [person.external_id for person in people],
            "error": refused(directory, "GetPerson", {"person_id": "01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11"}),
            "invalid": refused(directory, "GetPerson", {"person_id": "nobody"}),
        }
    )
)
