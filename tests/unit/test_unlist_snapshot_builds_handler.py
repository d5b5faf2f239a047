"""What Lambda calls: the environment, the time that is left, the answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.errors import SettingsError
from steward.policy_file import compile_policy
from tests.unit.lambda_runtime import WRONG_ENVIRONMENTS, Invocation, metric, set_environment
from tests.unit.test_batches import EVENT, batch
from unlist_snapshot_builds import app


class TestHandler:
    """What Lambda calls."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        """The environment as the template sets it, with a policy for my-company."""
        path = tmp_path / "policy.json"
        path.write_text(compile_policy("domain: my-company\n", "policy.yaml"))
        set_environment(monkeypatch, path, STEWARD_LEDGER_TABLE="ledger")
        app.collaborators.cache_clear()
        yield
        app.collaborators.cache_clear()

    def test_it_answers_with_the_messages_that_failed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing else is in the answer, and the metrics are written."""
        assert app.handler(batch(EVENT, "{}"), None) == {
            "batchItemFailures": [{"itemIdentifier": "m1"}]
        }
        assert 2.0 in metric(capsys.readouterr().out, "MessagesReceived")

    @pytest.mark.parametrize(
        ("milliseconds", "failed"), [(5_001, []), (5_000, [{"itemIdentifier": "m0"}])]
    )
    def test_it_stops_before_lambda_stops_it(
        self, milliseconds: int, failed: list[dict[str, str]]
    ) -> None:
        """The context says how much time is left."""
        assert app.handler(batch(EVENT), Invocation(milliseconds)) == {"batchItemFailures": failed}

    @pytest.mark.parametrize(
        ("mode", "kind"), [("observe", ObservedCodeArtifact), ("enforce", CodeArtifactService)]
    )
    def test_the_mode_chooses_the_gateway(
        self, mode: str, kind: type, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Observe mode is a gateway, and there is no other switch."""
        monkeypatch.setenv("STEWARD_MODE", mode)
        assert isinstance(app.collaborators().codeartifact, kind)

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
            app.handler(batch(EVENT), None)
