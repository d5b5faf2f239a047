"""What a target of a rule receives, and whether it may."""

import json

import pytest

from cli.stack.event_input import target_input
from cli.stack.json_types import Document
from cli.stack.queue_policy import allows_rule

EVENT: Document = {"source": "s", "detail": {"name": 'a "b"', "count": 3, "items": [{"x": 1}]}}
QUEUE = "arn:aws:sqs:us-west-2:012345678901:queue"
RULE = "arn:aws:events:us-west-2:012345678901:rule/rule"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param({}, json.dumps(EVENT, separators=(",", ":")), id="the event"),
        pytest.param({"Input": '{"a": 1}'}, '{"a": 1}', id="a constant"),
        pytest.param({"InputPath": "$.detail.count"}, "3", id="a part"),
        pytest.param({"InputPath": "$.detail.items[0].x"}, "1", id="a part of a list"),
        pytest.param({"InputPath": "$.nothing.there"}, "null", id="a part that is not there"),
        pytest.param(
            {
                "InputTransformer": {
                    "InputPathsMap": {"name": "$.detail.name", "count": "$.detail.count"},
                    "InputTemplate": '{"text": "is <name>", "n": <count>, "all": <name>}',
                }
            },
            '{"text": "is a \\"b\\"", "n": 3, "all": "a \\"b\\""}',
            id="a template",
        ),
    ],
)
def test_a_target_receives(target: Document, text: str) -> None:
    """What its settings say."""
    assert target_input(target, EVENT) == text


def policy(**changes: object) -> str:
    """Return the policy that a queue needs, with changes."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
        **changes,
    }
    return json.dumps({"Statement": [statement]})


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param(None, False, id="no policy"),
        pytest.param(policy(), True, id="the policy of the User Guide"),
        pytest.param(policy(Action=["sqs:*"]), True, id="any action"),
        pytest.param(policy(Principal="*"), True, id="anyone"),
        pytest.param(policy(Principal={"Service": "sns.amazonaws.com"}), False, id="not SNS"),
        pytest.param(policy(Effect="Deny"), False, id="a denial"),
        pytest.param(policy(Action="sqs:ReceiveMessage"), False, id="another action"),
        pytest.param(policy(Resource=f"{QUEUE}-2"), False, id="another queue"),
        pytest.param(
            policy(Condition={"ArnEquals": {"aws:SourceArn": f"{RULE}-2"}}),
            False,
            id="another rule",
        ),
        pytest.param(
            policy(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*"}}),
            True,
            id="any rule",
        ),
    ],
)
def test_a_rule_may_send(text: str | None, allowed: bool) -> None:  # noqa: FBT001  a column of a table
    """Only if the queue's policy says so."""
    assert allows_rule(text, queue_arn=QUEUE, rule_arn=RULE) is allowed
