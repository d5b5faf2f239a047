"""What a function was deployed with: its settings, and the policy that they name."""

from __future__ import annotations

import os

from steward import policy as policies
from steward import settings
from steward.observability import logger
from steward.policy import Policy
from steward.settings import Settings


def settings_and_policy(*, queue: bool = True, retention: bool = False) -> tuple[Settings, Policy]:
    """
    Return what this function was deployed with; its mode stands in every log line from now on.

    Args:
        queue: Whether the function takes messages from a queue of its own.
        retention: Whether it has a use for the ``retention`` rules: reading them is a hundredth of
            a cold start, and the policy has none for whoever does not ask.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen = settings.from_environment(os.environ, queue=queue)
    policy = policies.load(chosen.policy, retention=retention)
    chosen.expect_policy_of(policy.domain)
    logger().append_keys(mode=chosen.mode)
    return chosen, policy
