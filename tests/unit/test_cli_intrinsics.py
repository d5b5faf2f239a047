"""CloudFormation's expressions, resolved."""

import pytest

from cli.stack.errors import TemplateError
from cli.stack.intrinsics import Scope, references


@pytest.fixture
def scope() -> Scope:
    """Return a scope with one queue in it."""
    return Scope(
        parameters={"Mode": "enforce", "AWS::Region": "us-west-2", "Email": ""},
        conditions={
            "Enforcing": {"Fn::Equals": [{"Ref": "Mode"}, "enforce"]},
            "Someone": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Email"}, ""]}]},
            "Both": {"Fn::And": [{"Condition": "Enforcing"}, {"Condition": "Someone"}]},
            "Either": {"Fn::Or": [{"Condition": "Enforcing"}, {"Condition": "Someone"}]},
        },
        mappings={"Sizes": {"enforce": {"Memory": 512}}},
        references={"Queue": "http://queue"},
        attributes={("Queue", "Arn"): "arn:queue"},
    )


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        pytest.param({"Ref": "Mode"}, "enforce", id="Ref of a parameter"),
        pytest.param({"Ref": "Queue"}, "http://queue", id="Ref of a resource"),
        pytest.param({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue", id="GetAtt"),
        pytest.param({"Fn::GetAtt": "Queue.Arn"}, "arn:queue", id="GetAtt with a dot"),
        pytest.param(
            {"Fn::Sub": "${Mode}/${Queue.Arn}/${!Mode}/${AWS::Region}"},
            "enforce/arn:queue/${Mode}/us-west-2",
            id="Sub",
        ),
        pytest.param(
            {"Fn::Sub": ["${x}-${Mode}", {"x": {"Ref": "Queue"}}]},
            "http://queue-enforce",
            id="Sub with variables",
        ),
        pytest.param({"Fn::Join": [":", ["a", {"Ref": "Mode"}]]}, "a:enforce", id="Join"),
        pytest.param({"Fn::If": ["Enforcing", 1, 2]}, 1, id="If, true"),
        pytest.param({"Fn::If": ["Both", 1, 2]}, 2, id="If, one of two false"),
        pytest.param({"Fn::If": ["Either", 1, 2]}, 1, id="If, one of two true"),
        pytest.param({"Fn::Select": ["1", ["a", "b"]]}, "b", id="Select"),
        pytest.param({"Fn::Select": [0, {"Fn::Split": [",", "a,b"]}]}, "a", id="Split"),
        pytest.param({"Fn::FindInMap": ["Sizes", {"Ref": "Mode"}, "Memory"]}, 512, id="FindInMap"),
        pytest.param({"Fn::Base64": {"Ref": "Mode"}}, "ZW5mb3JjZQ==", id="Base64"),
        pytest.param(
            {"kept": 1, "gone": {"Ref": "AWS::NoValue"}, "list": [{"Ref": "AWS::NoValue"}, 2]},
            {"kept": 1, "list": [2]},
            id="NoValue leaves the property out",
        ),
        pytest.param({"Refs": "Mode"}, {"Refs": "Mode"}, id="what only looks like a function"),
    ],
)
def test_an_expression_resolves(scope: Scope, expression: object, result: object) -> None:
    """To what CloudFormation gives."""
    assert scope.resolve(expression) == result


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Ref": "Nobody"}, "Ref Nobody"),
        ({"Fn::GetAtt": ["Queue", "Colour"]}, r"Queue\.Colour"),
        ({"Fn::Transform": {}}, "does not know the intrinsic function Fn::Transform"),
        ({"Fn::If": ["Nothing", 1, 2]}, "no condition Nothing"),
        ({"Fn::FindInMap": ["Sizes", "observe", "Memory"]}, "observe"),
    ],
)
def test_an_expression_that_means_nothing_is_named(
    scope: Scope, expression: object, message: str
) -> None:
    """The error says which."""
    with pytest.raises(TemplateError, match=message):
        scope.resolve(expression)


def test_references_are_found_wherever_they_stand() -> None:
    """In Ref, GetAtt and both forms of Sub; literals in Sub are none."""
    value = {
        "a": [{"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}],
        "b": {"Fn::Sub": ["${D.Arn} ${!No} ${x}", {"x": {"Ref": "E"}}]},
        "c": {"Fn::If": ["Condition", {"Fn::Sub": "${F}"}, 1]},
    }
    assert set(references(value)) == {"A", "B", "C", "D", "x", "E", "F"}
