"""Messages to people, against a topic that remembers them and is as strict as SNS."""

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from steward import clients
from steward.attention import SnsAttention
from tests.unit.fake_codeartifact import refused

TOPIC = "arn:aws:sns:us-west-2:012345678901:attention"


class FakeTopic:
    """SNS's Publish; raises *error* if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.published: list[tuple[str, str, str]] = []

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> object:  # noqa: N803  AWS's names
        """Remember the message if SNS would take it (Publish, SNS API Reference)."""
        if self.error:
            raise self.error
        assert Subject.isascii()
        assert Subject.isprintable()
        assert 0 < len(Subject) < 100
        assert not Subject[0].isspace()
        assert 0 < len(Message.encode()) <= 262_144
        self.published.append((TopicArn, Subject, Message))
        return {}


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> FakeTopic:
    """The topic that messages go to."""
    fake = FakeTopic()
    monkeypatch.setattr(clients, "sns", lambda: fake)
    return fake


def test_a_message_is_delivered_as_it_is(topic: FakeTopic) -> None:
    """Subject and text, to the topic of the deployment."""
    told = SnsAttention(TOPIC).tell("External versions", "1.0 came from outside.\nUndo: ...")
    assert told == "delivered"
    assert topic.published == [(TOPIC, "External versions", "1.0 came from outside.\nUndo: ...")]


def test_without_a_topic_nobody_listens_and_the_log_has_the_message(
    topic: FakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing fails: the finding need not be repeated at every event."""
    assert SnsAttention(None).tell("the subject", "the text") == "nobody listens"
    assert not topic.published
    (line,) = [vars(one) for one in caplog.records if one.getMessage() == "nobody listens"]
    assert (line["subject"], line["text"]) == ("the subject", "the text")


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        pytest.param("x" * 99, "x" * 99, id="99 characters fit"),
        pytest.param("x" * 100, "x" * 96 + "...", id="100 characters are cut"),
        pytest.param("café\tau\r\nlait\x7f!", "caf? au lait !", id="one line of ASCII"),
        pytest.param(" \n", "CodeArtifact Steward", id="nothing"),
    ],
)
def test_a_subject_is_made_fit(topic: FakeTopic, subject: str, sent: str) -> None:
    """SNS refuses the whole message otherwise."""
    assert SnsAttention(TOPIC).tell(subject, "text") == "delivered"
    assert topic.published == [(TOPIC, sent, "text")]


@pytest.mark.parametrize("character", ["a", "é", "𝄞"], ids=["one byte", "two bytes", "four bytes"])
def test_a_text_that_is_too_long_is_cut_with_a_note(topic: FakeTopic, character: str) -> None:
    """Between two characters, however many bytes they have; SNS counts bytes."""
    assert SnsAttention(TOPIC).tell("subject", character * 300_000) == "delivered"
    ((_, _, text),) = topic.published
    kept = text.removesuffix("\n\n[The rest of this message was too long to be sent.]")
    assert kept != text
    assert set(kept) == {character}
    assert len(text.encode()) > 249_990


@given(subject=st.text(max_size=200), text=st.text(max_size=50))
def test_any_subject_and_text_can_be_told(subject: str, text: str) -> None:
    """Package names are made by people from all over the world, and by attackers."""
    fake = FakeTopic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "sns", lambda: fake)
        assert SnsAttention(TOPIC).tell(subject, text + "\ud800") == "delivered"
    assert len(fake.published) == 1


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused("Publish", "AuthorizationError"), id="refused"),
        pytest.param(EndpointConnectionError(endpoint_url="x"), id="unreachable"),
    ],
)
def test_a_lost_message_is_logged_counted_and_breaks_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns of it, and tells people again at the next look."""
    monkeypatch.setattr(clients, "sns", lambda: FakeTopic(error))
    counted: dict[str, int] = {}
    monkeypatch.setattr("steward.attention.count", counted.__setitem__)
    assert SnsAttention(TOPIC).tell("the subject", "the text") == "lost"
    (lost,) = [vars(record) for record in caplog.records if record.getMessage() == "message lost"]
    assert (lost["subject"], lost["text"], lost["reason"]) == (
        "the subject",
        "the text",
        str(error),
    )
    assert counted == {"MessagesLost": 1}
