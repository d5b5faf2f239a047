"""`template.yaml` as CloudFormation gets it: translated by SAM, with its expressions resolved."""

import copy
import re
from typing import Any, cast

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from tests.contract.project import ROOT

# A template is JSON of any shape. It is read by the keys that the tests then check.
Json = Any
Document = dict[str, Any]

REGION = "us-west-2"
ACCOUNT = "012345678901"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "codeartifact-steward",
}
_NO_VALUE = object()


class _NoManagedPolicies:
    """Answers SAM's question for AWS's managed policies without IAM. The template uses none."""

    def load(self) -> dict[str, str]:
        """Return no policy."""
        return {}


def source() -> Document:
    """Return the template as it stands in the file, with short forms such as `!Ref` written out."""
    return cast("Document", yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8")))


def deployed(**parameters: str) -> Document:
    """
    Return the resources that a deployment with *parameters* makes, by logical id.

    `Ref` is resolved to the value of a parameter or the logical id of a resource, `Fn::GetAtt` to
    `LogicalId.Attribute`, so that wiring can be compared by name. The hashes that SAM appends to
    the ids of layers are taken off again.
    """
    document = source()
    for resource in document["Resources"].values():
        for code in {"CodeUri", "ContentUri", "DefinitionUri"} & resource["Properties"].keys():
            # `sam package` would have uploaded it; the transform takes no path.
            resource["Properties"][code] = f"s3://local/{resource['Properties'][code]}"
    layers = [
        name
        for name, resource in document["Resources"].items()
        if resource["Type"] == "AWS::Serverless::LayerVersion"
    ]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(
            "AWS_DEFAULT_REGION", REGION
        )  # the transform asks boto3 for the partition
        translated = transform(copy.deepcopy(document), {}, _NoManagedPolicies())
    given = {name: value["Default"] for name, value in document["Parameters"].items()} | parameters
    expressions = _Expressions(given | PSEUDO_PARAMETERS, document.get("Conditions", {}), layers)
    return {
        expressions.without_hash(name): expressions.resolve(resource)
        for name, resource in translated["Resources"].items()
        if "Condition" not in resource or expressions.holds(resource["Condition"])
    }


class _Expressions:
    """The intrinsic functions that the template uses, and no others."""

    def __init__(self, values: dict[str, str], conditions: Document, layers: list[str]) -> None:
        self._values = values
        self._conditions = conditions
        self._layers = layers

    def without_hash(self, name: str) -> str:
        """Return the logical id that the template gave the resource which SAM calls *name*."""
        for layer in self._layers:
            if re.fullmatch(layer + "[0-9a-f]{10}", name):
                return layer
        return name

    def holds(self, condition: str) -> bool:
        """Return whether the condition called *condition* is true."""
        return self._true(self._conditions[condition])

    def resolve(self, value: Json) -> Json:
        """Return *value* with its expressions replaced by what they give."""
        if isinstance(value, list):
            items = (self.resolve(item) for item in value)
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._apply(name, argument)
        resolved = ((key, self.resolve(item)) for key, item in value.items())
        return {key: item for key, item in resolved if item is not _NO_VALUE}

    def _apply(self, function: str, argument: Json) -> Json:
        if function == "Ref":
            return self._ref(argument)
        if function == "Fn::GetAtt":
            return ".".join(argument) if isinstance(argument, list) else argument
        if function == "Fn::Sub":
            text, variables = argument if isinstance(argument, list) else (argument, {})
            given = self.resolve(variables)
            return re.sub(
                r"\$\{([^}]+)\}",
                lambda match: str(given[match[1]] if match[1] in given else self._ref(match[1])),
                text,
            )
        assert function == "Fn::If", f"{function} is new: teach it to this module"
        condition, then, otherwise = argument
        return self.resolve(then if self.holds(condition) else otherwise)

    def _true(self, expression: Document) -> bool:
        ((name, argument),) = expression.items()
        if name == "Fn::Not":
            return not self._true(argument[0])
        assert name == "Fn::Equals", f"{name} is new: teach it to this module"
        left, right = self.resolve(argument)
        return bool(left == right)

    def _ref(self, name: str) -> object:
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._values.get(name, self.without_hash(name))


def of_type(resources: Document, resource_type: str) -> dict[str, Document]:
    """Return the properties of every resource of one type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == resource_type
    }
