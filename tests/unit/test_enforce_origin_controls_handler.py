"""What Lambda calls: the environment, the time that is left, the answer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforce_origin_controls import app
from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.errors import SettingsError
from steward.ledger import DynamoDbLedger, ObservedLedger
from tests.unit.fake_origin_domain import named
from tests.unit.lambda_runtime import WRONG_ENVIRONMENTS, Invocation, metric, set_environment
from tests.unit.origin_messages import event
from tests.unit.test_batches import batch


class TestHandler:
    """What Lambda calls."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        """The environment as the template sets it, with a policy for my-company."""
        path = tmp_path / "policy.json"
        sections = ("snapshots", "origins", "groups", "promotions", "caches", "retention")
        limits = {"deletions_per_run": 500}
        policy: dict[str, object] = {"digest": "x", "domain": "my-company", "limits": limits}
        path.write_text(json.dumps(policy | {section: [] for section in sections}))
        set_environment(
            monkeypatch, path, STEWARD_LEDGER_TABLE="ledger", STEWARD_ATTENTION_TOPIC=""
        )
        app.collaborators.cache_clear()
        yield
        app.collaborators.cache_clear()

    def test_it_answers_with_the_messages_that_failed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing else is in the answer, and the metrics are written."""
        assert app.handler(batch(event(named()), "{}"), None) == {
            "batchItemFailures": [{"itemIdentifier": "m1"}]
        }
        assert 2.0 in metric(capsys.readouterr().out, "MessagesReceived")

    @pytest.mark.parametrize(
        ("milliseconds", "failed"), [(10_001, []), (10_000, [{"itemIdentifier": "m0"}])]
    )
    def test_it_stops_before_lambda_stops_it(
        self, milliseconds: int, failed: list[dict[str, str]]
    ) -> None:
        """The context says how much time is left."""
        answer = app.handler(batch(event(named())), Invocation(milliseconds))
        assert answer == {"batchItemFailures": failed}

    @pytest.mark.parametrize(
        ("mode", "gateway", "ledger"),
        [
            ("observe", ObservedCodeArtifact, ObservedLedger),
            ("enforce", CodeArtifactService, DynamoDbLedger),
        ],
    )
    def test_the_mode_chooses_the_gateway_and_the_ledger(
        self, mode: str, gateway: type, ledger: type, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There is no other switch."""
        monkeypatch.setenv("STEWARD_MODE", mode)
        assert isinstance(app.collaborators().codeartifact, gateway)
        assert isinstance(app.collaborators().ledger, ledger)

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            *WRONG_ENVIRONMENTS,
            pytest.param("STEWARD_LEDGER_TABLE", "", SettingsError, id="no ledger"),
        ],
    )
    def test_a_wrong_environment_fails_every_batch(
        self,
        name: str,
        value: str,
        error: type[Exception],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Loudly: doing nothing would look like having nothing to do."""
        monkeypatch.setenv(name, value)
        with pytest.raises(error):
            app.handler(batch(event(named())), None)
