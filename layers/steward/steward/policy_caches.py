"""What may stand in `caches` of a policy file, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Final

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

from steward.cache_rules import OnMismatch
from steward.policy_cache_values import (
    FETCHED_FORMATS,
    FetchedPatterns,
    LockfileNames,
    PackageUrlText,
)
from steward.policy_promotion_values import RangeText, wrapped
from steward.policy_values import (
    IS_THERE,
    OPTIONAL,
    WORD,
    Missing,
    RepositoryName,
    Section,
    as_list,
    one_of,
    refusal,
    unrepeated,
)
from steward.purls import parse_purl
from steward.version_ranges import RangeError, parse_range

MAX_NEWEST: Final = 100  # our choice: each is a request, for each package, at each run

_Number = Annotated[int, Field(ge=1, le=MAX_NEWEST)]


class CachedPackageKeys(Section):
    """A package that the repository is to hold: its newest versions, or exactly one."""

    package: Annotated[
        PackageUrlText,
        Field(description="A package URL. With a version: exactly this one."),
    ]
    newest: Annotated[
        Annotated[_Number, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=[5],
            description="How many of its newest versions. Left out: as many as the rule says.",
            **OPTIONAL,
        ),
    ] = None
    range: Annotated[
        Annotated[RangeText, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=["^18.0.0"],
            description="Only versions in this range, in the syntax of the package's format.",
            **OPTIONAL,
        ),
    ] = None

    @field_validator("newest", "range")
    @classmethod
    def _not_beside_a_version(cls, value: int | str | None, info: ValidationInfo) -> object:
        package = info.data.get("package")
        version = parse_purl(package).version if package else None
        if version is not None and value is not None:
            raise refusal(
                f"{package} is exactly the version {version}",
                f"Delete the version, or {info.field_name}.",
            )
        return value

    @field_validator("range")
    @classmethod
    def _is_a_range_of_the_format(cls, value: str | None, info: ValidationInfo) -> str | None:
        package = info.data.get("package")
        if package and value is not None:
            try:
                parse_range(parse_purl(package).format, value)
            except RangeError as error:
                raise refusal(str(error), error.remedy) from error
        return value


def _named_once(packages: list[CachedPackageKeys]) -> list[CachedPackageKeys]:
    unrepeated([str(parse_purl(package.package)) for package in packages])
    return packages


_Package = Annotated[
    CachedPackageKeys,
    BeforeValidator(wrapped("package"), json_schema_input_type=PackageUrlText | CachedPackageKeys),
]
_Packages = Annotated[
    list[_Package],
    BeforeValidator(as_list, json_schema_input_type=PackageUrlText | list[_Package]),
    AfterValidator(_named_once),
    Field(min_length=1),
]


class CachesRule(Section):
    """Fetch into a repository, before anyone asks, what its users' builds will need."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [key]} for key in ("lockfiles", "packages", "keep_up_with")]
        }
    )

    repository: Annotated[
        RepositoryName, Field(description="The repository that is to hold it all.")
    ]
    lockfiles: Annotated[
        LockfileNames,
        Field(
            examples=["requirements.txt", ["package-lock.json", "s3://my-bucket/locks/uv.lock"]],
            description="Lock files beside the policy file, or objects in S3 that are read at each "
            "run. All that they list is fetched.",
        ),
    ] = []
    packages: Annotated[
        _Packages,
        Field(
            examples=[["pkg:maven/org.slf4j/slf4j-api", "pkg:pypi/requests@2.32.4"]],
            description="Package URLs: the newest versions, or with a version exactly that one.",
        ),
    ] = []
    keep_up_with: Annotated[
        FetchedPatterns,
        Field(
            examples=["/pypi/*"],
            description="Of the packages that the repository holds, those whose newer versions are "
            f"fetched. /* is all packages of {', '.join(FETCHED_FORMATS)}.",
        ),
    ] = []
    newest: Annotated[
        _Number,
        Field(
            examples=[3],
            description="How many of the newest versions, for packages and keep_up_with.",
        ),
    ] = 1
    prereleases: Annotated[
        bool,
        Field(examples=[True], description="Whether the newest versions may be pre-releases."),
    ] = False
    verify: Annotated[
        bool,
        Field(
            examples=[True],
            description="Whether versions are downloaded and compared with the hashes of the lock "
            "files.",
        ),
    ] = False
    on_mismatch: Annotated[
        OnMismatch,
        BeforeValidator(one_of("report", "archive")),
        Field(
            examples=["archive"],
            description="With verify: true, what becomes of a version that has another hash: it is "
            "reported (default), or archived, too.",
        ),
    ] = "report"

    @model_validator(mode="after")
    def _wants_something(self) -> CachesRule:
        if not self.lockfiles and not self.packages and not self.keep_up_with:
            raise refusal(
                "this rule has nothing to fetch", "Add lockfiles, packages or keep_up_with."
            )
        return self
