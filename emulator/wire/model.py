"""The service model of CodeArtifact as botocore ships it: shapes, operations and their routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NotRequired, TypedDict, cast

from botocore import xform_name
from botocore.loaders import Loader

Kind = Literal[
    "structure", "list", "map", "string", "blob", "boolean", "integer", "long", "timestamp"
]
Location = Literal["querystring", "header", "body", "payload"]


@dataclass(frozen=True, slots=True)
class Shape:
    """
    One shape of the model and its constraints.

    Attributes:
        smallest: Least length of a string, size of a collection or value of a number.
        largest: The same at the other end.
        by_name: The members of a structure, by their names in the API.
    """

    name: str
    kind: Kind
    smallest: int | None = None
    largest: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    by_name: Mapping[str, Member] = field(default_factory=dict)
    element: Shape | None = None
    key: Shape | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a structure: its name in the API, its name on the wire, where it travels."""

    name: str
    wire_name: str
    location: Location
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One operation of the API.

    Attributes:
        method_name: botocore's name of the client method, which is our function's name too.
        errors: The exceptions that the model lists for it.
    """

    name: str
    method_name: str
    http_method: str
    path: str
    request: Shape
    response: Shape
    errors: tuple[str, ...]

    @property
    def streams_in(self) -> bool:
        """Whether the request's body is an asset, not JSON."""
        return any(member.location == "payload" for member in self.request.members)

    @property
    def streams_out(self) -> bool:
        """Whether the response's body is an asset, not JSON."""
        return any(member.location == "payload" for member in self.response.members)


@dataclass(frozen=True, slots=True)
class Model:
    """Every operation, by its route and by its name."""

    by_route: Mapping[tuple[str, str], Operation]
    by_name: Mapping[str, Operation]
    paths: frozenset[str]


@lru_cache(maxsize=1)
def load() -> Model:
    """
    Return the model that the installed botocore holds, read once.

    None of CodeArtifact's URIs holds a parameter, so method and path are the whole route.
    """
    document = cast("_Document", Loader().load_service_model("codeartifact", "service-2"))
    reader = _Reader(document["shapes"])
    operations = [reader.operation(raw) for raw in document["operations"].values()]
    return Model(
        by_route={(each.http_method, each.path): each for each in operations},
        by_name={each.name: each for each in operations},
        paths=frozenset(each.path for each in operations),
    )


class _Reference(TypedDict):
    shape: str
    location: NotRequired[Literal["querystring", "header"]]
    locationName: NotRequired[str]


class _RawShape(TypedDict):
    type: Kind
    min: NotRequired[int]
    max: NotRequired[int]
    pattern: NotRequired[str]
    enum: NotRequired[list[str]]
    members: NotRequired[dict[str, _Reference]]
    required: NotRequired[list[str]]
    payload: NotRequired[str]
    member: NotRequired[_Reference]
    key: NotRequired[_Reference]
    value: NotRequired[_Reference]


class _Http(TypedDict):
    method: str
    requestUri: str


class _RawOperation(TypedDict):
    name: str
    http: _Http
    input: _Reference
    output: _Reference
    errors: list[_Reference]


class _Document(TypedDict):
    operations: dict[str, _RawOperation]
    shapes: dict[str, _RawShape]


class _Reader:
    """Turns the model's JSON into shapes; a shape is read once however often it is referred to."""

    def __init__(self, raw: Mapping[str, _RawShape]) -> None:
        self._raw = raw
        self._read: dict[str, Shape] = {}

    def operation(self, raw: _RawOperation) -> Operation:
        return Operation(
            name=raw["name"],
            method_name=xform_name(raw["name"]),
            http_method=raw["http"]["method"],
            path=raw["http"]["requestUri"],
            request=self.shape(raw["input"]["shape"]),
            response=self.shape(raw["output"]["shape"]),
            errors=tuple(error["shape"] for error in raw["errors"]),
        )

    def shape(self, name: str) -> Shape:
        if name not in self._read:
            self._read[name] = self._shape(name)
        return self._read[name]

    def _shape(self, name: str) -> Shape:
        raw = self._raw[name]
        element = raw.get("member") or raw.get("value")
        members = tuple(
            Member(
                name=member,
                wire_name=reference.get("locationName", member),
                location=(
                    "payload" if raw.get("payload") == member else reference.get("location", "body")
                ),
                shape=self.shape(reference["shape"]),
                required=member in raw.get("required", ()),
            )
            for member, reference in raw.get("members", {}).items()
        )
        return Shape(
            name=name,
            kind=raw["type"],
            smallest=raw.get("min"),
            largest=raw.get("max"),
            pattern=raw.get("pattern"),
            enum=tuple(raw.get("enum", ())),
            members=members,
            by_name={member.name: member for member in members},
            element=self.shape(element["shape"]) if element else None,
            key=self.shape(raw["key"]["shape"]) if "key" in raw else None,
        )
