"""Which messages stay in a queue after a function has answered."""

import json

import pytest

from cli.stack.partial_batch import failed_messages

BATCH = ["one", "two", "three"]


def answer(*identifiers: object) -> bytes:
    """Return a response that names these messages as failed."""
    return json.dumps(
        {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}
    ).encode()


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"", id="an empty response"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b'{"batchItemFailures": null}', id="null failures"),
        pytest.param(b'{"batchItemFailures": []}', id="no failures"),
        pytest.param(b'{"statusCode": 200}', id="an answer about something else"),
    ],
)
def test_nothing_stays_after(response: bytes) -> None:
    """The whole batch is a success."""
    assert failed_messages(response, BATCH) == set()


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"not JSON", id="no JSON"),
        pytest.param(b'"done"', id="a text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"batchItemFailures": "one"}', id="failures that are no list"),
        pytest.param(b'{"batchItemFailures": ["one"]}', id="an entry that is no object"),
        pytest.param(b'{"batchItemFailures": [{"id": "one"}]}', id="an entry with a wrong key"),
        pytest.param(answer(""), id="an empty identifier"),
        pytest.param(answer(None), id="a null identifier"),
        pytest.param(answer(["one"]), id="an identifier that is a list"),
        pytest.param(answer("one", "four"), id="a message that is not in the batch"),
    ],
)
def test_everything_stays_after(response: bytes) -> None:
    """The whole batch is a failure."""
    assert failed_messages(response, BATCH) == set(BATCH)


def test_only_the_named_messages_stay() -> None:
    """Named twice is named."""
    assert failed_messages(answer("two", "two", "one"), BATCH) == {"one", "two"}
