"""What a function reads from its environment."""

from pathlib import Path
from typing import get_args

import pytest

from steward import settings
from steward.errors import SettingsError
from steward.settings import Settings

ENVIRONMENT = {
    "STEWARD_MODE": "observe",
    "STEWARD_POLICY": "/opt/policy.json",
    "STEWARD_QUEUE_URL": "the-url",
    "STEWARD_DOMAIN": "my-company",
}


@pytest.mark.parametrize("empty", [{}, {"STEWARD_LEDGER_TABLE": "", "STEWARD_ATTENTION_TOPIC": ""}])
def test_a_ledger_and_a_topic_are_optional(empty: dict[str, str]) -> None:
    """Not every automation has a ledger, and nobody may want messages; empty is none."""
    assert settings.from_environment(ENVIRONMENT | empty) == Settings(
        mode="observe",
        policy=Path("/opt/policy.json"),
        queue_url="the-url",
        domain="my-company",
        ledger_table=None,
        attention_topic=None,
    )


def test_a_ledger_and_a_topic_are_read() -> None:
    """As the template names them."""
    read = settings.from_environment(
        ENVIRONMENT | {"STEWARD_LEDGER_TABLE": "ledger", "STEWARD_ATTENTION_TOPIC": "arn:topic"}
    )
    assert (read.ledger_table, read.attention_topic) == ("ledger", "arn:topic")


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("STEWARD_PROMOTIONS_TABLE", "promotions_table"),
        ("STEWARD_PROMOTIONS_QUEUE_URL", "promotions_queue_url"),
        ("STEWARD_COPIES_QUEUE_URL", "copies_queue_url"),
        ("STEWARD_OSV_URL", "osv_url"),
        ("STEWARD_WARMING_TABLE", "warming_table"),
        ("STEWARD_SWEEPS_BUCKET", "sweeps_bucket"),
    ],
)
def test_what_only_some_functions_have_is_optional(variable: str, field: str) -> None:
    """Of the three functions of promotions too, each has some of it; empty is none."""
    read = settings.from_environment(ENVIRONMENT | {variable: "there"})
    assert getattr(read, field) == "there"
    for empty in ({}, {variable: ""}):
        assert getattr(settings.from_environment(ENVIRONMENT | empty), field) is None


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_every_other_variable_is_required(name: str) -> None:
    """A function that guesses where it runs does harm."""
    with pytest.raises(SettingsError, match=name):
        settings.from_environment(ENVIRONMENT | {name: ""})


def test_a_function_of_a_state_machine_has_no_queue() -> None:
    """It says so, and then none is read."""
    without = {**ENVIRONMENT, "STEWARD_QUEUE_URL": ""}
    assert not settings.from_environment(without, queue=False).queue_url


@pytest.mark.parametrize("name", get_args(settings.Needed))
def test_what_a_function_cannot_do_without_is_named(name: settings.Needed) -> None:
    """The message has the variable; one that is set is given."""
    variable = f"STEWARD_{name.upper()}"
    with pytest.raises(SettingsError, match=f"{variable} is not set"):
        settings.from_environment(ENVIRONMENT | {variable: ""}).needed(name)
    assert settings.from_environment(ENVIRONMENT | {variable: "there"}).needed(name) == "there"
