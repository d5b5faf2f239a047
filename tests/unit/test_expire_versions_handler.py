"""What Lambda calls: the environment, the time that is left, the answer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from expire_versions import app
from steward.cache_rules import LOCKED_FILE
from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.errors import PolicyError
from steward.ledger import DynamoDbLedger, ObservedLedger
from steward.policy_file import compile_policy
from tests.unit.lambda_runtime import WRONG_ENVIRONMENTS, Invocation, metric, set_environment
from tests.unit.test_batches import EVENT, batch

PROMOTING = """
domain: my-company
promotions:
  - {name: to-approved, packages: /npm/*, from: npm-intake, to: npm-approved, require: {}}
"""

RULE_WITH_LOCK_FILE = {
    "name": "retention[0]",
    "packages": ["/npm/*"],
    "repositories": ["*"],
    "versions": ["releases"],
    "keep_newest": 1,
    "keep_younger_than_seconds": None,
    "release_grace_seconds": None,
    "keep": [],
    "lockfiles": ["a.lock"],
    "keep_promoted": True,
    "unfinished_after_seconds": 604800,
    "then": [{"name": "unlist", "after_seconds": 0}],
}


class TestHandler:
    """What Lambda calls."""

    @pytest.fixture(autouse=True)
    def policy(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
        """The environment as the template sets it, with a policy for my-company."""
        path = tmp_path / "policy.json"
        path.write_text(compile_policy("domain: my-company\n", "policy.yaml"))
        set_environment(monkeypatch, path, STEWARD_LEDGER_TABLE="ledger")
        app.collaborators.cache_clear()
        yield path
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
        ("milliseconds", "failed"), [(15_001, []), (15_000, [{"itemIdentifier": "m0"}])]
    )
    def test_it_stops_before_lambda_stops_it(
        self, milliseconds: int, failed: list[dict[str, str]]
    ) -> None:
        """The context says how much time is left."""
        assert app.handler(batch(EVENT), Invocation(milliseconds)) == {"batchItemFailures": failed}

    @pytest.mark.parametrize(
        ("mode", "gateway", "ledger"),
        [
            ("observe", ObservedCodeArtifact, ObservedLedger),
            ("enforce", CodeArtifactService, DynamoDbLedger),
        ],
    )
    def test_the_mode_chooses_gateway_and_ledger(
        self, mode: str, gateway: type, ledger: type, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Observe mode is nothing else, and there is no other switch."""
        monkeypatch.setenv("STEWARD_MODE", mode)
        reads = app.collaborators().reads
        assert isinstance(reads.codeartifact, gateway)
        assert isinstance(reads.ledger, ledger)

    @pytest.mark.parametrize(("table", "known"), [("promotions", True), ("", False)])
    def test_records_of_promotions_are_read_where_there_are_any(
        self, policy: Path, table: str, monkeypatch: pytest.MonkeyPatch, *, known: bool
    ) -> None:
        """If the policy promotes, and the function was told of the table."""
        assert app.collaborators().reads.records is None
        app.collaborators.cache_clear()
        policy.write_text(compile_policy(PROMOTING, "policy.yaml"))
        monkeypatch.setenv("STEWARD_PROMOTIONS_TABLE", table)
        assert (app.collaborators().reads.records is not None) is known

    def test_lock_files_are_read_if_a_rule_names_one(self, policy: Path) -> None:
        """And what cannot be read is no reason to go on without."""
        compiled = json.loads(policy.read_text())
        compiled["retention"] = [RULE_WITH_LOCK_FILE]
        policy.write_text(json.dumps(compiled))
        entries = policy.parent / LOCKED_FILE
        entries.write_text('{"a.lock":[["npm",null,"ui","1.0.0",[],[],1]]}')
        locked = app.collaborators().reads.locked
        assert [one.purl for one in locked["a.lock"]] == ["pkg:npm/ui@1.0.0"]

        app.collaborators.cache_clear()
        entries.write_text("[")
        with pytest.raises(PolicyError):
            app.collaborators()

    @pytest.mark.parametrize(("name", "value", "error"), WRONG_ENVIRONMENTS)
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
