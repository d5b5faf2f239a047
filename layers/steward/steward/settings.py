"""What the environment of a function says, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from steward.errors import SettingsError

Mode = Literal["observe", "enforce"]
# What some functions have and cannot do without; the variable is called alike.
Needed = Literal[
    "ledger_table",
    "promotions_table",
    "promotions_queue_url",
    "copies_queue_url",
    "osv_url",
    "warming_table",
    "sweeps_bucket",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How this deployment runs.

    Attributes:
        mode: ``observe`` decides and logs, ``enforce`` also acts.
        policy: The compiled policy's file.
        queue_url: The automation's own queue; empty for a function that has none.
        domain: The domain whose events reach this function.
        ledger_table: The DynamoDB table of the ledger, for automations that have one.
        attention_topic: The SNS topic for what needs a person, if somebody listens.
        promotions_table: The DynamoDB table of the records of promotions.
        promotions_queue_url: The queue of packages to judge, for functions that have another one.
        copies_queue_url: The queue of ordered copies, for the function that orders them.
        osv_url: Where to ask for vulnerabilities.
        warming_table: The DynamoDB table of the runs that warm caches, and of outages.
        sweeps_bucket: The S3 bucket of batches, plans and summaries of sweeps.
    """

    mode: Mode
    policy: Path
    queue_url: str
    domain: str
    ledger_table: str | None = None
    attention_topic: str | None = None
    promotions_table: str | None = None
    promotions_queue_url: str | None = None
    copies_queue_url: str | None = None
    osv_url: str | None = None
    warming_table: str | None = None
    sweeps_bucket: str | None = None

    def needed(self, name: Needed) -> str:
        """
        Return the setting *name*, without which the function cannot work.

        Raises:
            SettingsError: It is not set.
        """
        value: str | None = getattr(self, name)
        if value is None:
            raise _not_set(f"STEWARD_{name.upper()}")
        return value

    def expect_policy_of(self, domain: str) -> None:
        """
        Return if *domain*, which the policy is for, is the one whose events come.

        Raises:
            SettingsError: It is another one.
        """
        if domain != self.domain:
            raise SettingsError(
                f"the policy is for the domain {domain!r}, the events come from {self.domain!r}: "
                f"deploy with DomainName={domain}"
            )


def from_environment(environment: Mapping[str, str], *, queue: bool = True) -> Settings:
    """
    Return the settings that the template put into *environment*.

    Args:
        environment: The function's environment.
        queue: Whether the function takes messages from a queue of its own; those that a state
            machine calls do not.

    Raises:
        SettingsError: A variable is missing or has a value that means nothing.
    """
    mode = _required(environment, "STEWARD_MODE")
    if mode not in ("observe", "enforce"):
        raise SettingsError(f"STEWARD_MODE is {mode!r}; it can be 'observe' or 'enforce'")
    return Settings(
        mode=cast("Mode", mode),
        policy=Path(_required(environment, "STEWARD_POLICY")),
        queue_url=_required(environment, "STEWARD_QUEUE_URL") if queue else "",
        domain=_required(environment, "STEWARD_DOMAIN"),
        ledger_table=environment.get("STEWARD_LEDGER_TABLE") or None,
        attention_topic=environment.get("STEWARD_ATTENTION_TOPIC") or None,
        promotions_table=environment.get("STEWARD_PROMOTIONS_TABLE") or None,
        promotions_queue_url=environment.get("STEWARD_PROMOTIONS_QUEUE_URL") or None,
        copies_queue_url=environment.get("STEWARD_COPIES_QUEUE_URL") or None,
        osv_url=environment.get("STEWARD_OSV_URL") or None,
        warming_table=environment.get("STEWARD_WARMING_TABLE") or None,
        sweeps_bucket=environment.get("STEWARD_SWEEPS_BUCKET") or None,
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise _not_set(name)
    return value


def _not_set(name: str) -> SettingsError:
    return SettingsError(f"{name} is not set; template.yaml sets it")
