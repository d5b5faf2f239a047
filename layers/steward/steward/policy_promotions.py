"""What may stand in `promotions` of a policy file, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from steward.policy_promotion_values import (
    Day,
    FileNames,
    LicenceIds,
    LicenceTexts,
    MatcherTexts,
    OriginNames,
    RangeText,
    Reason,
    RuleName,
    VulnerabilityId,
    choice_of_versions,
    wrapped,
)
from steward.policy_values import (
    IS_THERE,
    OPTIONAL,
    WORD,
    DurationText,
    Missing,
    PatternTexts,
    RepositoryName,
    Section,
    duration_seconds,
    one_of,
    refusal,
)
from steward.promotion_rules import ApprovalMode, BlockAt, Recall


def _is_some_time(text: str) -> str:
    if not duration_seconds(text):
        raise refusal("an age of nothing asks for nothing", "Write how long, or delete the key.")
    return text


class MinimumAgeKeys(Section):
    """How long a version must have been public before it passes."""

    at_least: Annotated[
        DurationText,
        AfterValidator(_is_some_time),
        Field(description="The time since the public release, not since it was fetched."),
    ]
    exceptions: Annotated[
        MatcherTexts,
        Field(alias="except", description="Package URLs and patterns of what needs no age."),
    ] = []
    security_fixes: Annotated[
        Literal["wait", "pass"],
        BeforeValidator(one_of("wait", "pass")),
        Field(
            examples=["pass"],
            description="Whether a version that fixes a known vulnerability waits, too.",
        ),
    ] = "wait"


class WaiverKeys(Section):
    """A vulnerability that is harmless here, for a time."""

    id: Annotated[
        VulnerabilityId,
        Field(
            examples=["GHSA-mh63-6h87-95cp"],
            description="OSV's id or one of its aliases. MAL- ids cannot be waived.",
        ),
    ]
    packages: Annotated[
        MatcherTexts,
        Field(description="What it is waived for. Left out: every package of the rule."),
    ] = []
    reason: Annotated[
        Reason,
        Field(examples=["We never parse untrusted input"], description="Why it is harmless here."),
    ]
    until: Annotated[
        Day,
        Field(examples=["2027-01-31"], description="The last day on which it counts, in UTC."),
    ]


class VulnerabilitiesKeys(Section):
    """Which known vulnerabilities (OSV) keep a version out. Malicious packages always are."""

    block_at: Annotated[
        BlockAt,
        BeforeValidator(one_of(*get_args(BlockAt))),
        Field(
            examples=["high"],
            description="The mildest severity that keeps a version out. malicious: none does, only "
            "malicious packages are kept out, and all else is named and passes.",
        ),
    ]
    waivers: Annotated[
        list[WaiverKeys],
        Field(
            examples=[
                [
                    {
                        "id": "GHSA-mh63-6h87-95cp",
                        "reason": "We never parse untrusted input",
                        "until": "2027-01-31",
                    }
                ]
            ],
            description="Vulnerabilities that are harmless here, for a time.",
        ),
    ] = []


class LicencesKeys(Section):
    """The licences that a version may be under, or may not."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["allow"]}, {"required": ["deny"]}]}
    )

    allow: Annotated[
        LicenceIds,
        Field(
            examples=[["MIT", "Apache-2.0"]],
            description="SPDX identifiers that may be. Left out: any that is known.",
        ),
    ] = []
    deny: Annotated[
        LicenceIds,
        Field(examples=[["AGPL-3.0-only"]], description="SPDX identifiers that may not be."),
    ] = []
    texts: Annotated[
        LicenceTexts,
        Field(
            examples=[{"Apache 2.0": "Apache-2.0"}],
            description="What free texts in packages mean, as SPDX expressions; case does not "
            "count.",
        ),
    ] = {}

    @model_validator(mode="after")
    def _wants_something(self) -> LicencesKeys:
        if not self.allow and not self.deny:
            raise refusal("these licences want nothing", "Add allow or deny: [SPDX identifiers].")
        return self


class VersionsKeys(Section):
    """Which versions are wanted at all."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["only"]}, {"required": ["range"]}]}
    )

    only: Annotated[
        Literal["releases"] | SkipJsonSchema[None],
        BeforeValidator(one_of("releases")),
        Field(
            examples=["releases"],
            description="Leave out pre-releases, by the rules of the package's format.",
            **OPTIONAL,
        ),
    ] = None
    range: Annotated[
        Annotated[RangeText, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=[">=2,<3"],
            description="A range in the syntax of the format that all packages of the rule have.",
            **OPTIONAL,
        ),
    ] = None

    @model_validator(mode="after")
    def _wants_something(self) -> VersionsKeys:
        if self.only is None and self.range is None:
            raise refusal("this wants nothing", "Add only: releases, or a range.")
        return self


class RequireKeys(Section):
    """The gates: a version is promoted when it has passed all that stand here."""

    minimum_age: Annotated[
        Annotated[MinimumAgeKeys, Tag(WORD)] | Missing,
        IS_THERE,
        BeforeValidator(wrapped("at_least"), json_schema_input_type=DurationText | MinimumAgeKeys),
        Field(
            examples=["P7D", {"at_least": "P7D", "security_fixes": "pass"}],
            description="How long a version must have been public (ISO 8601).",
            **OPTIONAL,
        ),
    ] = None
    vulnerabilities: Annotated[
        Annotated[VulnerabilitiesKeys, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=[{"block_at": "high"}],
            description="Which known vulnerabilities keep a version out. MAL- entries always do.",
            **OPTIONAL,
        ),
    ] = None
    licences: Annotated[
        Annotated[LicencesKeys, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=[{"allow": ["MIT", "Apache-2.0"]}],
            description="Under which licences a version may be. One that is not known holds it.",
            **OPTIONAL,
        ),
    ] = None
    origin: Annotated[
        OriginNames,
        Field(
            examples=["public:pypi", ["internal", "public:npmjs"]],
            description="How a version must have entered the domain: by an external connection, "
            "or internal, published inside. Left out: anyhow.",
        ),
    ] = []
    allow: Annotated[
        MatcherTexts,
        Field(description="Package URLs and patterns: nothing else passes. Left out: everything."),
    ] = []
    deny: Annotated[
        MatcherTexts, Field(description="Package URLs and patterns of what never passes.")
    ] = []
    versions: Annotated[
        Annotated[VersionsKeys, Tag(WORD)] | Missing,
        IS_THERE,
        BeforeValidator(
            choice_of_versions, json_schema_input_type=Literal["releases"] | VersionsKeys
        ),
        Field(
            examples=["releases", {"range": ">=2,<3"}],
            description="Which versions are wanted: releases only, a range, or both.",
            **OPTIONAL,
        ),
    ] = None
    integrity: Annotated[
        FileNames,
        Field(
            examples=["requirements.txt", ["package-lock.json"]],
            description="Lock files beside the policy file. A version passes if its assets have "
            "the hashes that stand there.",
        ),
    ] = []
    approval: Annotated[
        ApprovalMode,
        BeforeValidator(one_of("automatic", "manual")),
        Field(
            examples=["manual"],
            description="manual: a person decides when all other gates are passed.",
        ),
    ] = "automatic"


class PromotionsRule(Section):
    """Versions of these packages get from one repository to another by promotion."""

    name: Annotated[
        RuleName,
        Field(
            examples=["public-to-approved"],
            description="The rule's name, which no other rule has.",
        ),
    ]
    packages: PatternTexts
    source: Annotated[
        RepositoryName, Field(alias="from", description="The repository that has the versions.")
    ]
    to: Annotated[RepositoryName, Field(description="The repository that gets them.")]
    require: Annotated[
        RequireKeys,
        Field(
            examples=[{"minimum_age": "P7D", "vulnerabilities": {"block_at": "high"}}],
            description="What a version has to pass. Left out or empty: nothing.",
        ),
    ] = RequireKeys()
    include_dependencies: Annotated[
        bool,
        Field(
            examples=[True],
            description="Whether what a version depends on is judged with it, and promoted first.",
        ),
    ] = False
    recall: Annotated[
        Recall,
        BeforeValidator(one_of("report", "unlist", "archive")),
        Field(
            examples=["unlist"],
            description="What becomes of a promoted version that turns out to be bad.",
        ),
    ] = "report"

    @field_validator("to", mode="before")
    @classmethod
    def _is_another_repository(cls, value: object, info: ValidationInfo) -> object:
        if value == info.data.get("source"):
            raise refusal(
                f"this rule leads from {value} to itself", "Write two different repositories."
            )
        return value
