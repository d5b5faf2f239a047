"""What Lambda calls: the environment, the time that is left, the answer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforce_origin_controls import app
from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.errors import PolicyError, SettingsError
from steward.ledger import DynamoDbLedger, ObservedLedger
from tests.unit.fake_origin_domain import named
from tests.unit.origin_messages import event
from tests.unit.test_batches import batch


class TestHandler:
    """What Lambda calls."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        """The environment as the template sets it, with a policy for my-company."""
        path = tmp_path / "policy.json"
        sections = ("snapshots", "origins", "groups", "promotions")
        policy: dict[str, object] = {"digest": "x", "domain": "my-company"}
        path.write_text(json.dumps(policy | {section: [] for section in sections}))
        for name, value in {
            "STEWARD_MODE": "observe",
            "STEWARD_POLICY": str(path),
            "STEWARD_QUEUE_URL": "http://127.0.0.1:1/queue",
            "STEWARD_DOMAIN": "my-company",
            "STEWARD_LEDGER_TABLE": "ledger",
            "STEWARD_ATTENTION_TOPIC": "",
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "012345678901",
            "AWS_SECRET_ACCESS_KEY": "x",
        }.items():
            monkeypatch.setenv(name, value)
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
        metrics = [
            json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line
        ]
        assert any(2.0 in one.get("MessagesReceived", []) for one in metrics)

    @pytest.mark.parametrize(
        ("milliseconds", "failed"), [(10_001, []), (10_000, [{"itemIdentifier": "m0"}])]
    )
    def test_it_stops_before_lambda_stops_it(
        self, milliseconds: int, failed: list[dict[str, str]]
    ) -> None:
        """The context says how much time is left."""

        class Invocation:
            def get_remaining_time_in_millis(self) -> int:
                return milliseconds

        answer = app.handler(batch(event(named())), Invocation())
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
            pytest.param("STEWARD_MODE", "dry-run", SettingsError, id="an unknown mode"),
            pytest.param("STEWARD_QUEUE_URL", "", SettingsError, id="no queue"),
            pytest.param("STEWARD_LEDGER_TABLE", "", SettingsError, id="no ledger"),
            pytest.param(
                "STEWARD_DOMAIN", "other", SettingsError, id="a policy for another domain"
            ),
            pytest.param("STEWARD_POLICY", "/nowhere.json", PolicyError, id="no policy"),
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
