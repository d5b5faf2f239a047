"""Messages to the automation's own queue, against a client that remembers them."""

from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from steward import clients
from steward.errors import QueueError
from steward.events import hint_in
from steward.own_queue import SqsOwnQueue
from tests.unit.fake_codeartifact import package, refused


class FakeQueue:
    """SQS's SendMessage; raises *error* if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[tuple[str, str, int]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> object:  # noqa: N803  AWS's names
        """Remember the message."""
        if self.error:
            raise self.error
        self.sent.append((QueueUrl, MessageBody, DelaySeconds))
        return {}


def test_a_message_names_the_package_and_never_comes_too_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SQS counts whole seconds, so the delay is rounded up."""
    queue = FakeQueue()
    monkeypatch.setattr(clients, "sqs", lambda: queue)
    SqsOwnQueue("the-url").look_again(package(), after=timedelta(seconds=51, milliseconds=1))
    ((url, body, delay),) = queue.sent
    assert (url, delay) == ("the-url", 52)
    assert hint_in(body).package == package()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused("SendMessage", "OverLimit"), id="refused"),
        pytest.param(EndpointConnectionError(endpoint_url="x"), id="unreachable"),
    ],
)
def test_a_message_that_is_not_accepted_is_an_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the message which led here is delivered again."""
    monkeypatch.setattr(clients, "sqs", lambda: FakeQueue(error))
    with pytest.raises(QueueError):
        SqsOwnQueue("the-url").look_again(package(), after=timedelta(0))
