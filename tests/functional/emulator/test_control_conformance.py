"""The control plane keeps to botocore's service model, operation by operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from emulator.wire import model
from emulator.wire.model import Operation, Shape
from tests.functional.emulator.signed_requests import send
from tests.functional.local_codeartifact import Local

ACCOUNT = "012345678901"
ARN = f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:domain/my-company"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
CONTENT = b"some bytes"
GENERIC = {"format": "generic", "namespace": "tools", "package": "hammer"}

# What a request of each operation needs beyond the names that all share.
VALUES: Mapping[str, object] = {
    "domain": "my-company",
    "domainOwner": ACCOUNT,
    "repository": "releases",
    "sourceRepository": "releases",
    "destinationRepository": "approved",
    **GENERIC,
    "packageVersion": "1.0",
    "asset": "hammer.bin",
    "assetName": "hammer.bin",
    "assetContent": CONTENT,
    "assetSHA256": hashlib.sha256(CONTENT).hexdigest(),
    "versions": ["1.0"],
    "targetStatus": "Unlisted",
    "policyDocument": POLICY,
    "resourceArn": ARN,
    "tags": [{"key": "team", "value": "tools"}],
    "tagKeys": ["team"],
    "restrictions": {"publish": "ALLOW", "upstream": "BLOCK"},
    "externalConnection": "public:npmjs",
    "packageGroup": "/npm/*",
    "originRestrictionType": "PUBLISH",
}
OPERATIONS = sorted(model.load().by_name)


def required(operation: Operation) -> dict[str, object]:
    """Return the members that the operation needs, with valid values."""
    found = {m.name: VALUES[m.name] for m in operation.request.members if m.required}
    if operation.name == "CopyPackageVersions":
        found["versions"] = ["1.0"]
    if operation.name == "UpdatePackageGroupOriginConfiguration":
        found["restrictions"] = {"PUBLISH": "BLOCK"}
    if any(m.name == "namespace" for m in operation.request.members) and "package" in found:
        found["namespace"] = "tools"
    return found


@pytest.fixture
def furnished(local: Local) -> Local:
    """Hold one of everything that the operations ask for."""
    client = local.client()
    client.create_domain(domain="my-company")
    client.create_repository(domain="my-company", repository="releases")
    client.create_repository(domain="my-company", repository="approved")
    client.publish_package_version(
        domain="my-company",
        repository="releases",
        format="generic",
        namespace="tools",
        package="hammer",
        packageVersion="1.0",
        assetName="hammer.bin",
        assetContent=CONTENT,
        assetSHA256=hashlib.sha256(CONTENT).hexdigest(),
    )
    client.create_package_group(domain="my-company", packageGroup="/npm/*")
    client.put_domain_permissions_policy(domain="my-company", policyDocument=POLICY)
    client.put_repository_permissions_policy(
        domain="my-company", repository="releases", policyDocument=POLICY
    )
    return local


# Operations whose required members alone would collide with what `furnished` holds.
ELSEWHERE: Mapping[str, Mapping[str, object]] = {
    "CreateDomain": {"domain": "another"},
    "CreateRepository": {"repository": "another"},
    "CreatePackageGroup": {"packageGroup": "/maven/*"},
    "DisassociateExternalConnection": {"repository": "approved"},
    "DeleteDomain": {"domain": "emptied"},
    "AssociateExternalConnection": {"repository": "another"},
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_answers_as_the_model_says(furnished: Local, name: str) -> None:
    """The answer has exactly the response shape's members, of their types."""
    operation = model.load().by_name[name]
    client = furnished.client()
    if name == "DeleteDomain":
        client.create_domain(domain="emptied")
    if name == "AssociateExternalConnection":
        client.create_repository(domain="my-company", repository="another")
    if name == "DisassociateExternalConnection":
        client.associate_external_connection(
            domain="my-company", repository="approved", externalConnection="public:npmjs"
        )
    arguments = required(operation) | dict(ELSEWHERE.get(name, {}))
    method = getattr(client, xform_name(name))
    if name == "GetPackageVersionReadme":
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            method(**arguments)
        return
    answer = method(**arguments)
    answer.pop("ResponseMetadata")
    if operation.streams_out:
        assert answer.pop("asset").read() == CONTENT
    unshaped = list(mismatches(answer, operation.response, name))
    assert unshaped == []
    if operation.response.members:
        assert answer


def mismatches(value: Any, shape: Shape, at: str) -> Iterator[str]:  # noqa: ANN401  any member
    """Yield where a parsed answer is not of its shape, or breaks its constraints."""
    if shape.kind == "structure":
        members = {member.name: member for member in shape.members}
        for missing in {m.name for m in shape.members if m.required} - value.keys():
            yield f"{at} lacks {missing}"
        for key, item in value.items():
            if key not in members:
                yield f"{at} has {key}"
            else:
                yield from mismatches(item, members[key].shape, f"{at}.{key}")
    elif shape.kind == "list":
        assert shape.element
        for item in value:
            yield from mismatches(item, shape.element, f"{at}[]")
    elif shape.kind == "map":
        assert shape.element
        assert shape.key
        for key, item in value.items():
            yield from mismatches(key, shape.key, f"{at} key")
            yield from mismatches(item, shape.element, f"{at}.{key}")
    elif shape.enum and value not in shape.enum:
        yield f"{at} is {value!r}, none of {shape.enum}"


Violation = tuple[str, str, object]


def invalid(shape: Shape) -> Iterator[tuple[str, object]]:  # noqa: C901, PLR0912  one branch a constraint
    """Yield values that break one constraint each, with the constraint's name."""
    match shape.kind:
        case "string":
            if shape.smallest:
                yield "too short", "a" * (shape.smallest - 1)
            if shape.largest:
                yield "too long", "a" * (shape.largest + 1)
            if shape.enum:
                yield "not in the enum", "Nonsense"
            if shape.pattern:
                yield "off the pattern", OFF_PATTERN[shape.pattern]
        case "integer" | "long":
            if shape.smallest is not None:
                yield "below the range", shape.smallest - 1
            if shape.largest is not None:
                yield "above the range", shape.largest + 1
            yield "not a number", "many"
        case "boolean":
            yield "not a boolean", "perhaps"
        case "list":
            assert shape.element
            if shape.largest:
                yield "too many", [valid(shape.element)] * (shape.largest + 1)
            for reason, value in invalid(shape.element):
                yield f"an item {reason}", [value]
            yield "not a list", "text"
            yield "a null item", [None]
        case "map":
            assert shape.key
            assert shape.element
            for reason, value in invalid(shape.key):
                yield f"a key {reason}", {value: valid(shape.element)}
            for reason, value in invalid(shape.element):
                yield f"a value {reason}", {valid(shape.key): value}
            yield "not an object", ["text"]
        case "structure":
            for member in shape.members:
                whole = {m.name: valid(m.shape) for m in shape.members}
                if member.required:
                    yield (
                        f"without {member.name}",
                        {k: v for k, v in whole.items() if k != member.name},
                    )
                for reason, value in invalid(member.shape):
                    yield f"{member.name} {reason}", whole | {member.name: value}
            yield "not an object", "text"


OFF_PATTERN = {
    "[0-9]{12}": "12345678901a",
    r"\S+": "a b",
    r"\P{C}+": "bell\x07",
    r"\P{C}*": "bell\u0007",
    r"[a-z][a-z0-9\-]{0,48}[a-z0-9]": "My_Domain",
    r"[A-Za-z0-9][A-Za-z0-9._\-:]{1,99}": "-dash",
    r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}": "a/b",
    r"[^\p{C}\p{IsWhitespace}]+": "/npm/\u2003*",
    r"[^#/\s]+": "a/b",
    r"[\P{C}\s]+": "bell\x07",
    "[0-9a-f]+": "G" * 64,
}


def valid(shape: Shape) -> Any:  # noqa: ANN401  any member
    """Return a value that keeps the shape's constraints."""
    match shape.kind:
        case "string":
            return shape.enum[0] if shape.enum else "a" * max(2, shape.smallest or 0)
        case "integer" | "long":
            return shape.smallest or 1
        case "boolean":
            return True
        case "list":
            assert shape.element
            return [valid(shape.element)]
        case "map":
            assert shape.key
            assert shape.element
            return {valid(shape.key): valid(shape.element)}
        case _:
            return {member.name: valid(member.shape) for member in shape.members}


def violations(operation: Operation) -> Iterator[Violation]:
    """Yield every way to break one constraint of one member: member, reason, value."""
    for member in operation.request.members:
        if member.location == "payload":
            continue
        if member.required:
            yield member.name, "missing", None
        for reason, value in invalid(member.shape):
            yield member.name, reason, value
        if member.location == "body" and member.shape.kind == "string":
            yield member.name, "a number for a string", 7
            yield member.name, "half a character", "\ud800aaa"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_broken_constraint_is_a_validation_exception(furnished: Local, name: str) -> None:
    """Past the client's own checks: lengths, patterns, enums, ranges, sizes, types, required."""
    operation = model.load().by_name[name]
    base = required(operation) | dict(ELSEWHERE.get(name, {}))
    accepted: list[str] = []
    for member, reason, value in violations(operation):
        arguments = dict(base)
        if reason == "missing":
            del arguments[member]
        else:
            arguments[member] = value
        answer = send(furnished.url, operation, arguments)
        if (answer.status, answer.code) != (400, "ValidationException") or not answer.message:
            accepted.append(f"{member} {reason}: {answer.status} {answer.code}")
        elif answer.document["reason"] not in {"FIELD_VALIDATION_FAILED", "CANNOT_PARSE"}:
            accepted.append(f"{member} {reason}: reason {answer.document['reason']}")
    assert accepted == []


def test_all_violations_of_a_request_are_named_at_once(local: Local) -> None:
    """A caller sees every mistake in one answer."""
    operation = model.load().by_name["CreateRepository"]
    answer = send(local.url, operation, {"domain": "X", "repository": "/"})
    assert answer.message.startswith("4 validation errors detected")
    assert "'domain'" in answer.message
    assert "'repository'" in answer.message


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_parses_into_the_models_exception(local: Local, name: str) -> None:
    """The SDK's own parser finds code, message and the model's members in our errors."""
    service = ServiceModel(Loader().load_service_model("codeartifact", "service-2"))
    operation = model.load().by_name[name]
    answer = send(local.url, operation, {m.name: "\x07" for m in operation.request.members[:1]})
    parsed = create_parser("rest-json").parse(
        {
            "status_code": answer.status,
            "headers": dict(answer.headers),
            "body": json.dumps(answer.document).encode(),
        },
        service.operation_model(name).output_shape,
    )
    assert parsed["Error"]["Code"] == "ValidationException"
    assert service.shape_for("ValidationException").members.keys() <= {*answer.document}
