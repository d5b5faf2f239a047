"""The whole template promotes a version while AWS does otherwise than we think it does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.played_template import admin, until
from tests.end_to_end.reviewed_packages import (
    APPROVED,
    INTAKE,
    approve,
    assets,
    bring_in,
    playing_promotions,
    states,
)
from tests.functional.every_switch import EACH_SWITCH, Switches

if TYPE_CHECKING:
    from cli.stack.stack import LocalStack

_numbers = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The template in enforce mode."""
    with playing_promotions("enforce", tmp_path_factory.mktemp("template")) as stack:
        yield stack


@EACH_SWITCH
def test_a_version_is_promoted_when_a_person_has_approved_it_whatever_aws_does(
    stack: LocalStack, switches: Switches
) -> None:
    """Held although every other gate lets it through, then copied byte for byte; a beta is not."""
    admin(stack, "PUT", "faults", {"switches": switches})
    name = f"pad-{next(_numbers)}"
    bring_in(stack, name)
    until(lambda: states(stack, name) == {"1.0.0": "held", "2.0.0-beta.1": "refused"})
    assert assets(stack, APPROVED, name) == {}

    approve(stack, name)

    until(lambda: states(stack, name) == {"1.0.0": "copied", "2.0.0-beta.1": "refused"})
    held = assets(stack, INTAKE, name)
    assert held
    assert assets(stack, APPROVED, name) == held
