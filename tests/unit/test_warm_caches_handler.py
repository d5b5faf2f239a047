"""What Lambda calls to warm caches: the environment, the time that is left, the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from steward.errors import SettingsError
from tests.unit.lambda_runtime import WRONG_ENVIRONMENTS, Invocation, metric, set_environment
from tests.unit.test_batches import batch
from warm_caches import app, warming
from warm_caches.engine import Engine, How, Warmed
from warm_caches.fetching import EndpointFetching

ENVIRONMENT = {
    "STEWARD_LEDGER_TABLE": "ledger",
    "STEWARD_WARMING_TABLE": "warming",
}
TICK: Mapping[str, object] = {
    "source": "codeartifact.steward",
    "detail-type": "Warm Caches",
    "detail": {},
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment as the template sets it, with a policy for my-company without caches."""
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
    assert app.handler(batch(json.dumps(TICK), "{}"), None) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}]
    }
    assert 2.0 in metric(capsys.readouterr().out, "MessagesReceived")


@pytest.mark.parametrize(
    ("more", "failed"), [(1, []), (0, [{"itemIdentifier": "m0"}])], ids=["enough", "not enough"]
)
def test_it_stops_before_lambda_stops_it(more: int, failed: list[dict[str, str]]) -> None:
    """The context says how much time is left."""
    milliseconds = app.MILLISECONDS_TO_END + more
    answer = app.handler(batch(json.dumps(TICK)), Invocation(milliseconds))
    assert answer == {"batchItemFailures": failed}


@pytest.mark.parametrize(
    ("mode", "fetches"), [("observe", type(None)), ("enforce", EndpointFetching)]
)
def test_the_mode_chooses_whether_the_endpoint_is_asked(
    mode: str, fetches: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fetches is made anew for each message, so that no page is older than that."""
    monkeypatch.setenv("STEWARD_MODE", mode)
    engines: list[Engine] = []

    def play(_: object, engine: Engine, __: How, **___: object) -> Warmed:
        engines.append(engine)
        return Warmed((), (), (), frozenset(), frozenset(), 0, 0, 0, 0.0)

    monkeypatch.setattr(warming, "warm", play)
    to = app.collaborators()
    for _ in range(2):
        to.warm((), How(), on_outcome=lambda _: None, time_left=lambda: True)
    first, second = (engine.fetching for engine in engines)
    assert isinstance(first, fetches)
    assert first is not second or mode == "observe"


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
        app.handler(batch(json.dumps(TICK)), None)
