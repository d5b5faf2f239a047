"""From a batch of messages to one look per package and the messages that failed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from steward import batches
from steward.batches import Look, Message
from steward.coordinates import Package
from steward.errors import BatchError, CodeArtifactError, MalformedMessageError
from steward.events import look_again
from tests.unit.fake_codeartifact import package

EVENT = (Path(__file__).parents[2] / "events/maven-snapshot-build-created.json").read_text()


def batch(*bodies: object) -> dict[str, list[dict[str, object]]]:
    """Return a batch of messages m0, m1, ... as Lambda gets it from SQS."""
    return {
        "Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
    }


def reconcile_batch(event: object, reconcile: Callable[[Package], None]) -> object:
    """Reconcile with all the time in the world."""
    return batches.reconcile_batch(
        event, lambda look: reconcile(look.package), time_left=lambda: True
    )


def failures(response: object) -> list[str]:
    """Return the ids of the messages that stay on the queue."""
    assert isinstance(response, dict)
    return [item["itemIdentifier"] for item in response["batchItemFailures"]]


def test_each_package_is_looked_at_once() -> None:
    """However many messages name it, in the order of the first ones."""
    one, other = package("one"), package("other")
    seen: list[Package] = []
    bodies = [look_again(one)] * 5 + [look_again(other)] + [look_again(one)]
    assert failures(reconcile_batch(batch(*bodies), seen.append)) == []
    assert seen == [one, other]


@pytest.mark.parametrize(
    ("bodies", "repeated"),
    [
        pytest.param([look_again(package())] * 2, True, id="only our own delayed messages"),
        pytest.param([EVENT], False, id="only an event"),
        pytest.param([look_again(package()), EVENT], False, id="an event after our own message"),
        pytest.param([EVENT, look_again(package())], False, id="an event before our own message"),
    ],
)
def test_a_look_is_repeated_if_nobody_else_asked_for_it(
    bodies: list[str], *, repeated: bool
) -> None:
    """An event may bring news, wherever in the batch it stands."""
    looks: list[Look] = []
    batches.reconcile_batch(batch(*bodies), looks.append, time_left=lambda: True)
    assert looks == [Look(package(), repeated=repeated)]


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "{}", "\ud800", None, 7, "[" * 50_000],
    ids=["empty", "text", "an empty object", "half a surrogate", "none", "a number", "brackets"],
)
def test_a_malformed_message_fails_alone(body: object) -> None:
    """It stays on the queue until it is on the dead-letter queue; the others are done."""
    seen: list[Package] = []
    response = reconcile_batch(
        batch(look_again(package("a")), body, look_again(package("b"))), seen.append
    )
    assert failures(response) == ["m1"]
    assert seen == [package("a"), package("b")]


def test_a_package_that_fails_keeps_its_messages_and_no_others() -> None:
    """All messages of the package come back, those of other packages are done."""
    bad, good = package("bad"), package("good")
    seen: list[Package] = []

    def reconcile(wanted: Package) -> None:
        if wanted == bad:
            raise CodeArtifactError("ListPackageVersions", "ThrottlingException", "slow down")
        seen.append(wanted)

    bodies = [look_again(bad), look_again(good), look_again(bad)]
    assert failures(reconcile_batch(batch(*bodies), reconcile)) == ["m0", "m2"]
    assert seen == [good]


def test_without_time_left_the_remaining_packages_are_put_off() -> None:
    """What is done is done; a timeout would bring all of it back."""
    seen: list[Package] = []
    response = batches.reconcile_batch(
        batch(*[look_again(package(name)) for name in ("a", "b", "c")]),
        lambda look: seen.append(look.package),
        time_left=lambda: len(seen) < 1,
    )
    assert seen == [package("a")]
    assert failures(response) == ["m1", "m2"]


def test_a_message_is_read_with_what_sqs_says_about_it() -> None:
    """Whatever is missing is empty; what is read by something else than hints fails alone too."""
    attributes = {"SenderId": "AIDAONE", "SentTimestamp": 1_772_360_100_000}
    whole = {"messageId": "m0", "body": "a", "attributes": attributes, "eventSourceARN": "arn:q"}
    seen: list[Message] = []

    def read(message: Message) -> int:
        seen.append(message)
        if message.body == "b":
            raise MalformedMessageError("it is b")
        return len(seen)

    reading = batches.read_batch({"Records": [whole, *batch("a", "b", "a")["Records"]]}, read)
    assert seen[0] == Message(
        "m0", "a", {"SenderId": "AIDAONE", "SentTimestamp": "1772360100000"}, "arn:q"
    )
    assert seen[1] == Message("m0", "a")
    assert reading.read == (("m0", 1), ("m0", 2), ("m2", 4))
    assert reading.malformed == ("m1",)


def test_a_message_that_fails_for_two_reasons_is_named_once() -> None:
    """Lambda is told which messages stay, not how often."""
    assert failures(batches.failures(["m1", "m0", "m1"])) == ["m1", "m0"]


def test_an_empty_batch_is_no_failure() -> None:
    """Nothing came, nothing stays."""
    assert failures(reconcile_batch(batch(), lambda _: None)) == []


@pytest.mark.parametrize(
    "event",
    [None, [], {}, {"Records": None}, {"Records": ["x"]}, {"Records": [{"body": "{}"}]}],
    ids=["nothing", "a list", "an object", "no records", "a text for a record", "no message id"],
)
def test_what_is_no_batch_of_messages_is_refused(event: object) -> None:
    """Without message ids nothing could be reported back, so all of it fails."""
    with pytest.raises(BatchError):
        reconcile_batch(event, lambda _: None)
