"""What may stand in `retention` and `limits` of a policy file, as pydantic models."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    Tag,
    model_validator,
)

from steward.policy_retention_values import (
    LocalLockfileNames,
    SomeTime,
    VersionGlobs,
    VersionSelectors,
)
from steward.policy_values import (
    IS_THERE,
    OPTIONAL,
    WORD,
    DurationText,
    Missing,
    PatternTexts,
    RepositoryGlobs,
    Section,
    as_list,
    duration_seconds,
    one_of,
    refusal,
    unrepeated,
)
from steward.retention_rules import STEPS, StepName

AT_ONCE: Final = "PT0S"
# Our choice: a month shorter than the ledger remembers when a wait began
# (`ledger_marks.MARKS_KEPT_FOR`). Forgotten meanwhile, it would begin anew each time.
MAX_WAIT: Final = timedelta(days=365)

_EXAMPLE_OF_STEPS: Final = ["unlist", {"archive": "P14D"}, {"delete": "P30D"}]


def _ends_in_memory(text: str) -> str:
    if duration_seconds(text) > MAX_WAIT.total_seconds():
        raise refusal(
            f"a step waits {MAX_WAIT.days} days at most, and {text} is longer: when a wait began "
            "is not remembered for good",
            f"Write P{MAX_WAIT.days}D or less; with keep_younger_than, versions stay longer "
            "before the first step.",
        )
    return text


_Wait = Annotated[DurationText, AfterValidator(_ends_in_memory), Tag(WORD)] | Missing
_SINCE: Final = (
    "The waiting time since the step before, or since the version was first found to go."
)


class StepKeys(Section):
    """A step and how long the version has been where the step before brought it, at least."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    unlist: Annotated[_Wait, IS_THERE, Field(examples=["P7D"], description=_SINCE, **OPTIONAL)] = (
        None
    )
    archive: Annotated[
        _Wait, IS_THERE, Field(examples=["P14D"], description=_SINCE, **OPTIONAL)
    ] = None
    dispose: Annotated[
        _Wait, IS_THERE, Field(examples=["P30D"], description=_SINCE, **OPTIONAL)
    ] = None
    delete: Annotated[_Wait, IS_THERE, Field(examples=["P30D"], description=_SINCE, **OPTIONAL)] = (
        None
    )

    @model_validator(mode="after")
    def _is_one_step(self) -> StepKeys:
        if len(self.model_fields_set) != 1:
            raise refusal(
                "a step is one word and its waiting time",
                "Write each step as an item of its own: [unlist, {archive: P14D}].",
            )
        return self

    @property
    def name(self) -> StepName:
        """The word of the step."""
        return next(name for name in STEPS if name in self.model_fields_set)

    @property
    def wait(self) -> str:
        """Its waiting time, as the file has it."""
        return str(getattr(self, self.name))


def _step(value: object) -> object:
    """Return the mapping that a word alone is short for."""
    if isinstance(value, dict | StepKeys):
        return value
    one_of(*STEPS, otherwise="{archive: P14D}")(value)
    return {str(value): AT_ONCE}


def _in_order(steps: list[StepKeys]) -> list[StepKeys]:
    names = [step.name for step in steps]
    unrepeated([*names])
    if names != (ordered := sorted(names, key=STEPS.index)):
        raise refusal(
            f"{', '.join(names)} is no way out: the order is {', '.join(STEPS)}",
            f"Write {', '.join(ordered)}.",
        )
    return steps


_Step = Annotated[StepKeys, BeforeValidator(_step, json_schema_input_type=StepName | StepKeys)]
_Steps = Annotated[
    list[_Step],
    BeforeValidator(as_list, json_schema_input_type=StepName | list[_Step]),
    AfterValidator(_in_order),
    Field(min_length=1),
]


class WhenReleasedKeys(Section):
    """Builds go once the release that they were on the way to has been there for a while."""

    grace: Annotated[
        DurationText,
        Field(examples=["P7D"], description="How long the release has been there, at least."),
    ]


class RetentionKeys(Section):
    """Take old versions of these packages out of these repositories."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [key]} for key in ("keep_newest", "keep_younger_than", "when_released")
            ]
        }
    )

    packages: PatternTexts
    repositories: RepositoryGlobs = ["*"]
    versions: Annotated[
        VersionSelectors,
        Field(
            examples=["snapshot-builds", ["prereleases", "0.*"]],
            description="Which versions may go: snapshot-builds, prereleases, releases, all, or "
            "patterns of versions, with * ? and [...] as in a shell.",
        ),
    ]
    keep_newest: Annotated[
        Annotated[int, Field(ge=0), Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=[5],
            description="So many stay of each package; of builds, of each version on the way to "
            "which they are.",
            **OPTIONAL,
        ),
    ] = None
    keep_younger_than: Annotated[
        Annotated[SomeTime, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=["P30D"],
            description="Versions that were published less than this ago stay.",
            **OPTIONAL,
        ),
    ] = None
    when_released: Annotated[
        Annotated[WhenReleasedKeys, Tag(WORD)] | Missing,
        IS_THERE,
        Field(
            examples=[{"grace": "P7D"}],
            description="All builds of a version go once its release has been there for the grace, "
            "whatever the two keys above keep.",
            **OPTIONAL,
        ),
    ] = None
    keep: Annotated[
        VersionGlobs,
        Field(
            examples=[["1.0.*", "*-lts"]],
            description="Patterns of versions that stay, with * ? and [...] as in a shell.",
        ),
    ] = []
    lockfiles: Annotated[
        LocalLockfileNames,
        Field(
            examples=["requirements.txt"],
            description="Lock files beside the policy file. Versions that they list stay.",
        ),
    ] = []
    keep_promoted: Annotated[
        bool,
        Field(
            examples=[False],
            description="Whether versions stay that stand in a repository that the policy promotes "
            "to, there and in the repository that they came from, or that may still get there.",
        ),
    ] = True
    unfinished_after: Annotated[
        SomeTime,
        Field(
            examples=["P7D"],
            description="An unfinished version goes when it is older than this, whatever "
            "keep_newest and keep_younger_than say.",
        ),
    ] = "P7D"
    then: Annotated[
        _Steps,
        Field(
            examples=["delete", _EXAMPLE_OF_STEPS],
            description="What becomes of a version that goes: unlist, archive, dispose or delete; "
            "or several in this order, each with the waiting time since the one before.",
        ),
    ]

    @model_validator(mode="after")
    def _has_something_to_go_by(self) -> RetentionKeys:
        if not self.model_fields_set & {"keep_newest", "keep_younger_than", "when_released"}:
            raise refusal(
                "this rule has nothing to go by",
                "Add keep_newest, keep_younger_than or when_released.",
            )
        return self


class LimitsKeys(Section):
    """How much one run may do without asking a person."""

    deletions_per_run: Annotated[
        int,
        Field(
            ge=0,
            examples=[500],
            description="How many versions a run disposes of and deletes at most; one that would "
            "go beyond stops before the first, and changes nothing. 0: none.",
        ),
    ] = 500
