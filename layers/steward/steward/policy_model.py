"""What may stand in a policy file, as pydantic models: the source of its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from steward import patterns
from steward.coordinates import Restriction
from steward.group_restrictions import ROOT
from steward.patterns import Pattern
from steward.policy_caches import CachesRule
from steward.policy_promotions import PromotionsRule
from steward.policy_retention import LimitsKeys, RetentionKeys
from steward.policy_values import (
    NAMES,
    WORD,
    BuildPatternTexts,
    DurationText,
    PatternText,
    PatternTexts,
    RepositoryGlobs,
    RepositoryNames,
    Section,
    one_of,
    refusal,
    without_default,
)

# The root pattern names no format. Maven's is the one whose builds CodeArtifact itself unlists; for
# the others unlisting pre-releases is a choice that a rule has to make by name (our choice).
_ROOT_OF_SNAPSHOTS: Final = patterns.parse("/maven/*")


class SnapshotsRule(Section):
    """Unlist the builds of these packages that a newer build has replaced."""

    packages: BuildPatternTexts
    repositories: RepositoryGlobs = ["*"]
    unfinished_grace: Annotated[
        DurationText,
        Field(description="How long an unfinished build may still be an upload (ISO 8601)."),
    ] = "PT1H"


RestrictionWord = Annotated[
    Restriction | SkipJsonSchema[None],
    BeforeValidator(one_of("ALLOW", "BLOCK", truth={True: "ALLOW", False: "BLOCK"})),
    Field(examples=["ALLOW", "BLOCK"]),
]


class OriginsRule(Section):
    """Keep the origin restrictions of these packages as they should be: `kind`, or outright."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["kind"],
                    "properties": {"publish": False, "upstream": False},
                },
                {
                    "anyOf": [{"required": ["publish"]}, {"required": ["upstream"]}],
                    "properties": {"kind": False},
                },
            ],
            "if": {"required": ["external"]},
            "then": {"required": ["kind"], "properties": {"kind": {"const": "internal"}}},
        }
    )

    packages: PatternTexts
    repositories: RepositoryGlobs = ["*"]
    kind: Annotated[
        Literal["internal", "public", "inferred"] | SkipJsonSchema[None],
        BeforeValidator(one_of("internal", "public", "inferred")),
        Field(
            examples=["internal"],
            description="internal: ours alone (publish ALLOW, upstream BLOCK). public: only from "
            "outside (publish BLOCK, upstream ALLOW). inferred: by how the package's versions "
            "entered; only ever tightens.",
            json_schema_extra=without_default,
        ),
    ] = None
    publish: Annotated[
        RestrictionWord,
        Field(
            description="Whether new versions may be published. Left out: stays as it is.",
            json_schema_extra=without_default,
        ),
    ] = None
    upstream: Annotated[
        RestrictionWord,
        Field(
            description="Whether new versions may come from upstream repositories and external "
            "connections. Left out: stays as it is.",
            json_schema_extra=without_default,
        ),
    ] = None
    external: Annotated[
        Literal["archive", "report"] | SkipJsonSchema[None],
        BeforeValidator(one_of("archive", "report")),
        Field(
            examples=["report"],
            description="With kind: internal, what to do with a version from outside: archive it "
            "(default), or only report it.",
            json_schema_extra=without_default,
        ),
    ] = None

    @field_validator("publish", "upstream", mode="before")
    @classmethod
    def _not_beside_a_kind(cls, value: object, info: ValidationInfo) -> object:
        if (kind := info.data.get("kind")) is not None:
            raise refusal(
                f"the kind {kind} says already what {info.field_name} has to be",
                "Keep kind, or publish and upstream.",
            )
        return value

    @field_validator("external", mode="before")
    @classmethod
    def _only_of_internal_packages(cls, value: object, info: ValidationInfo) -> object:
        if "kind" in info.data and info.data["kind"] != "internal":
            raise refusal(
                "only packages of the kind internal have versions from outside to look for",
                "Write kind: internal, or delete this key.",
            )
        return value

    @model_validator(mode="after")
    def _wants_something(self) -> OriginsRule:
        if not self.model_fields_set & {"kind", "publish", "upstream"}:
            raise refusal(
                "this rule wants nothing",
                "Add kind: internal, public or inferred; or publish or upstream: ALLOW or BLOCK.",
            )
        return self


class AllowIn(Section):
    """Allowed in these repositories, and in no other."""

    allow_in: RepositoryNames


def _way_of_writing(value: object) -> str:
    return NAMES if isinstance(value, dict | AllowIn) else WORD


GroupWord = Annotated[
    Literal["allow", "block", "inherit"],
    BeforeValidator(
        one_of(
            "allow",
            "block",
            "inherit",
            truth={True: "allow", False: "block"},
            otherwise="{allow_in: [names of repositories]}",
        )
    ),
]
GroupSetting = Annotated[
    Annotated[GroupWord, Tag(WORD)] | Annotated[AllowIn, Tag(NAMES)],
    Discriminator(_way_of_writing),
    Field(examples=["block", {"allow_in": ["npm-internal"]}]),
]


class GroupsEntry(Section):
    """A package group that the domain has to have. What is left out is inherited."""

    pattern: Annotated[
        PatternText,
        Field(description="The group's pattern; /* is the root group, which every domain has."),
    ]
    publish: Annotated[
        GroupSetting,
        Field(description="Whether, or in which repositories, versions may be published."),
    ] = "inherit"
    external_upstream: Annotated[
        GroupSetting,
        Field(
            description="Whether, or in which repositories with an external connection, versions "
            "may come from public repositories."
        ),
    ] = "inherit"
    internal_upstream: Annotated[
        GroupSetting,
        Field(
            description="Whether, or into which repositories, versions may come from upstream "
            "repositories."
        ),
    ] = "inherit"

    @field_validator("publish", "external_upstream", "internal_upstream", mode="before")
    @classmethod
    def _the_root_has_no_parent(cls, value: object, info: ValidationInfo) -> object:
        if value == "inherit" and info.data.get("pattern") == ROOT:
            raise refusal(
                "the root group has no parent to inherit from",
                "Write allow or block, or delete the key: the root group allows then.",
            )
        return value


class PolicyModel(Section):
    """What the owners of a CodeArtifact domain want done in it."""

    model_config = ConfigDict(title="CodeArtifact Steward policy")

    domain: Annotated[
        str,
        Field(
            min_length=2,
            max_length=50,
            pattern=r"^[a-z][a-z0-9\-]{0,48}[a-z0-9]$",  # DomainName, service model
            examples=["my-company"],
            description="The domain that this policy is for.",
        ),
    ]
    snapshots: Annotated[
        list[SnapshotsRule],
        Field(
            examples=[[{"packages": "/maven/*"}]],
            description="The first rule that matches a package in a repository wins.",
        ),
    ] = []
    origins: Annotated[
        list[OriginsRule],
        Field(
            examples=[[{"packages": "/npm/mycompany/*", "kind": "internal"}]],
            description="The first rule that matches a package in a repository wins.",
        ),
    ] = []
    groups: Annotated[
        list[GroupsEntry],
        Field(
            examples=[[{"pattern": "/npm/mycompany/*", "external_upstream": "block"}]],
            description="Package groups to have. Without this key no group is touched; with it, "
            "groups that an earlier policy declared and this one does not are removed.",
        ),
    ] = []
    promotions: Annotated[
        list[PromotionsRule],
        Field(
            examples=[
                [{"name": "approved", "packages": "/pypi/*", "from": "intake", "to": "approved"}]
            ],
            description="From where to where versions are promoted, and what they need for it. The "
            "first rule that matches a package between two repositories wins.",
        ),
    ] = []
    caches: Annotated[
        list[CachesRule],
        Field(
            examples=[[{"repository": "my-repository", "lockfiles": "requirements.txt"}]],
            description="What is fetched into which repositories before anyone asks for it. All "
            "rules apply.",
        ),
    ] = []
    retention: Annotated[
        list[RetentionKeys],
        Field(
            examples=[
                [
                    {
                        "packages": "/maven/com.mycompany~",
                        "versions": "snapshot-builds",
                        "keep_newest": 5,
                        "then": "delete",
                    }
                ]
            ],
            description="Which versions go, and how. Of the rules that match a package in a "
            "repository, the first whose versions select a version decides about it.",
        ),
    ] = []
    limits: Annotated[
        LimitsKeys,
        Field(
            examples=[{"deletions_per_run": 500}],
            description="What a run stops at, to ask a person.",
        ),
    ] = LimitsKeys()


# What stands in each section: the items of its list, or, of `limits`, the mapping itself.
SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "snapshots": SnapshotsRule,
    "origins": OriginsRule,
    "groups": GroupsEntry,
    "promotions": PromotionsRule,
    "caches": CachesRule,
    "retention": RetentionKeys,
    "limits": LimitsKeys,
}


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of *model* as they stand in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def words_of(model: type[BaseModel], key: str) -> tuple[str, ...]:
    """Return the words that *key* of *model* chooses from; none if it is no such key."""
    field = model.model_fields.get(key)
    if field is None or get_origin(field.annotation) is not Literal:
        return ()
    return get_args(field.annotation)


def model_at(location: Sequence[int | str]) -> type[BaseModel]:
    """
    Return the model of the mapping at *location*.

    A key that has none is passed over: pydantic names no model within a value of another kind.
    """
    found: type[BaseModel] = PolicyModel
    for step in location:
        fields = found.model_fields
        field = next((field for name, field in fields.items() if step in {name, field.alias}), None)
        if field is not None:
            found = next(_models_in(field.annotation), found)
    return found


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def build_patterns_of(rule: SnapshotsRule) -> list[Pattern]:
    """Return the patterns of *rule*, the root pattern as what it stands for."""
    return [
        _ROOT_OF_SNAPSHOTS if pattern.format is None else pattern
        for pattern in patterns_of(rule.packages)
    ]


def patterns_of(texts: list[str]) -> list[Pattern]:
    """Return the patterns that *texts* are."""
    return [patterns.parse(text) for text in texts]
