"""What Lambda calls to judge promotions: the environment, the time that is left, the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from promote_versions import app
from promote_versions.queues import ObservedCopiesQueue, SqsCopiesQueue
from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.errors import SettingsError
from steward.ledger import DynamoDbLedger, ObservedLedger
from tests.unit.fake_promotions import event_of, package
from tests.unit.lambda_runtime import WRONG_ENVIRONMENTS, Invocation, metric, set_environment
from tests.unit.test_batches import batch

ENVIRONMENT = {
    "STEWARD_LEDGER_TABLE": "ledger",
    "STEWARD_PROMOTIONS_TABLE": "promotions",
    "STEWARD_COPIES_QUEUE_URL": "https://queues.invalid/copies.fifo",
    "STEWARD_OSV_URL": "https://osv.invalid",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment as the template sets it, with a policy for my-company."""
    path = tmp_path / "policy.json"
    sections = ("snapshots", "origins", "groups", "promotions", "caches", "retention")
    limits = {"deletions_per_run": 500}
    policy: dict[str, object] = {"digest": "x", "domain": "my-company", "limits": limits}
    path.write_text(json.dumps(policy | {section: [] for section in sections}))
    set_environment(monkeypatch, path, STEWARD_ATTENTION_TOPIC="", **ENVIRONMENT)
    app.collaborators.cache_clear()
    yield
    app.collaborators.cache_clear()


def test_it_answers_with_the_messages_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is in the answer, and the metrics are written."""
    assert app.handler(batch(event_of(package()), "{}"), None) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}]
    }
    assert 2.0 in metric(capsys.readouterr().out, "MessagesReceived")


@pytest.mark.parametrize(
    ("milliseconds", "failed"), [(60_001, []), (60_000, [{"itemIdentifier": "m0"}])]
)
def test_it_stops_before_lambda_stops_it(milliseconds: int, failed: list[dict[str, str]]) -> None:
    """The context says how much time is left."""
    answer = app.handler(batch(event_of(package())), Invocation(milliseconds))
    assert answer == {"batchItemFailures": failed}


@pytest.mark.parametrize(
    ("mode", "gateway", "ledger", "copies"),
    [
        ("observe", ObservedCodeArtifact, ObservedLedger, ObservedCopiesQueue),
        ("enforce", CodeArtifactService, DynamoDbLedger, SqsCopiesQueue),
    ],
)
def test_the_mode_chooses_the_gateway_the_ledger_and_the_queue(
    mode: str, gateway: type, ledger: type, copies: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no other switch."""
    monkeypatch.setenv("STEWARD_MODE", mode)
    to = app.collaborators()
    assert [type(to.codeartifact), type(to.ledger), type(to.copies)] == [gateway, ledger, copies]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        *WRONG_ENVIRONMENTS,
        *(pytest.param(name, "", SettingsError, id=f"no {name}") for name in ENVIRONMENT),
    ],
)
def test_a_wrong_environment_fails_every_batch(
    name: str, value: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loudly: doing nothing would look like having nothing to do."""
    monkeypatch.setenv(name, value)
    with pytest.raises(error):
        app.handler(batch(event_of(package())), None)
