"""What Lambda calls to copy: the environment, the time that is left, the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from promote_versions import copier, messages
from promote_versions.messages import CopyOrder
from promote_versions.queues import SqsPromotionsQueue
from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Package, Repository
from steward.copies import CopyService, ObservedCopies
from steward.errors import QueueError, SettingsError
from steward.policy_file import compile_policy
from tests.unit.lambda_runtime import WRONG_ENVIRONMENTS, Invocation, metric, set_environment

# No rule of the policy orders this: nobody is asked anything about it.
ORDER = CopyOrder(
    Package(Repository("my-company", "012345678901", "intake"), "pypi", None, "requests"),
    "no-such-rule",
    "approved",
    {"1.0": "r"},
    (),
    datetime(2026, 3, 1, tzinfo=UTC),
)
BATCH = {"Records": [{"messageId": "m0", "body": messages.body_of(ORDER)}]}


class UnreachableQueue(SqsPromotionsQueue):
    """The judge's queue, which does not answer."""

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Fail."""
        raise QueueError("SendMessage", "ServiceUnavailable", f"{package} after {after}")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment as the template sets it, with a policy for my-company."""
    path = tmp_path / "policy.json"
    path.write_text(compile_policy("domain: my-company\n", "policy.yaml"))
    set_environment(monkeypatch, path)
    monkeypatch.setenv("STEWARD_PROMOTIONS_TABLE", "promotions")
    monkeypatch.setenv("STEWARD_PROMOTIONS_QUEUE_URL", "https://queues.invalid/promotions")
    copier.collaborators.cache_clear()
    yield
    copier.collaborators.cache_clear()


def test_an_order_of_no_rule_is_done_with(capsys: pytest.CaptureFixture[str]) -> None:
    """It copies nothing, and the metrics are written."""
    assert copier.handler(BATCH, None) == {"batchItemFailures": []}
    said = capsys.readouterr().out
    assert 1.0 in metric(said, "CopyOrdersReceived")
    assert 1.0 in metric(said, "CopyOrdersRefused")


@pytest.mark.parametrize(
    ("milliseconds", "failed"), [(60_001, []), (60_000, [{"itemIdentifier": "m0"}])]
)
def test_it_stops_before_lambda_stops_it(
    milliseconds: int, failed: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The context says how much time is left; its message stays if the judge cannot be asked."""
    monkeypatch.setattr(copier, "SqsPromotionsQueue", UnreachableQueue)
    assert copier.handler(BATCH, Invocation(milliseconds)) == {"batchItemFailures": failed}


def test_the_mode_chooses_the_gateways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Observe mode is two gateways, and there is no other switch."""
    monkeypatch.setenv("STEWARD_MODE", "observe")
    observing = copier.collaborators()
    assert isinstance(observing.copies, ObservedCopies)
    assert isinstance(observing.codeartifact, ObservedCodeArtifact)
    copier.collaborators.cache_clear()
    monkeypatch.setenv("STEWARD_MODE", "enforce")
    enforcing = copier.collaborators()
    assert isinstance(enforcing.copies, CopyService)
    assert isinstance(enforcing.codeartifact, CodeArtifactService)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        *WRONG_ENVIRONMENTS,
        ("STEWARD_PROMOTIONS_TABLE", "", SettingsError),
        ("STEWARD_PROMOTIONS_QUEUE_URL", "", SettingsError),
    ],
)
def test_a_wrong_environment_fails_every_batch(
    name: str, value: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loudly: doing nothing would look like having nothing to do."""
    monkeypatch.setenv(name, value)
    with pytest.raises(error):
        copier.handler(BATCH, None)
