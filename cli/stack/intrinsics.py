"""Resolves CloudFormation's intrinsic functions once the resources they name are known."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from cli.stack.errors import TemplateError
from cli.stack.json_types import Document, as_document, as_list

NO_VALUE = object()
"""What `AWS::NoValue` resolves to: the property that holds it is left out."""

_SUB_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")  # CloudFormation User Guide, Fn::Sub


@dataclass(slots=True)
class Scope:
    """Everything a template's expressions may refer to; resources are added as they are created."""

    parameters: Mapping[str, object]  # template parameters and pseudo parameters by name
    conditions: Mapping[str, object]
    mappings: Mapping[str, object]
    references: dict[str, object] = field(default_factory=dict)  # what Ref gives, by logical id
    attributes: dict[tuple[str, str], object] = field(default_factory=dict)  # what GetAtt gives

    def resolve(self, value: object) -> object:
        """
        Return *value* with every intrinsic function in it replaced by its result.

        Raises:
            TemplateError: A function is not known here, or names something that does not exist.
        """
        if isinstance(value, list):
            resolved = [self.resolve(item) for item in value]
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._apply(str(name), argument)
        resolved_items = {str(name): self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved_items.items() if item is not NO_VALUE}

    def holds(self, condition: str) -> bool:
        """
        Return whether the named condition of the template is true.

        Raises:
            TemplateError: The template has no such condition.
        """
        if condition not in self.conditions:
            message = f"the template has no condition {condition}"
            raise TemplateError(message)
        return self._truth(self.conditions[condition])

    def _truth(self, expression: object) -> bool:
        """Return the value of one condition expression."""
        if isinstance(expression, dict) and len(expression) == 1:
            ((name, argument),) = expression.items()
            if name == "Condition":
                return self.holds(str(argument))
            if name == "Fn::Equals":
                left, right = as_list(self.resolve(argument), name)
                return str(left) == str(right)
            if name == "Fn::And":
                return all(self._truth(item) for item in as_list(argument, name))
            if name == "Fn::Or":
                return any(self._truth(item) for item in as_list(argument, name))
            if name == "Fn::Not":
                return not self._truth(as_list(argument, name)[0])
        message = f"not a condition: {expression!r}"
        raise TemplateError(message)

    def _apply(self, name: str, argument: object) -> object:
        """Return the result of one intrinsic function."""
        functions: dict[str, Callable[[object], object]] = {
            "Ref": lambda value: self._ref(str(value)),
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda value: base64.b64encode(
                str(self.resolve(value)).encode()
            ).decode(),
            "Fn::GetAZs": lambda _: [f"{self.parameters['AWS::Region']}{zone}" for zone in "abc"],
        }
        if name not in functions:
            message = f"the local stack does not know the intrinsic function {name}"
            raise TemplateError(message)
        return functions[name](argument)

    def _ref(self, name: str) -> object:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.references:
            return self.references[name]
        if name in self.parameters:
            return self.parameters[name]
        message = f"Ref {name}: the template has no such parameter or resource"
        raise TemplateError(message)

    def _get_att(self, argument: object) -> object:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        name, attribute = (str(part) for part in as_list(parts, "Fn::GetAtt"))
        if (name, attribute) not in self.attributes:
            message = f"Fn::GetAtt {name}.{attribute}: not known to the local stack"
            raise TemplateError(message)
        return self.attributes[name, attribute]

    def _sub(self, argument: object) -> object:
        variables: Document = {}
        text = argument
        if isinstance(argument, list):
            text, given = argument
            variables = as_document(self.resolve(given), "Fn::Sub")

        def replace(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:  # `${!Name}` stands for `${Name}`
                return f"${{{name}}}"
            name = name.strip()
            if name in variables:
                return str(variables[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _SUB_VARIABLE.sub(replace, str(text))

    def _join(self, argument: object) -> object:
        delimiter, values = as_list(argument, "Fn::Join")
        return str(delimiter).join(str(item) for item in as_list(self.resolve(values), "Fn::Join"))

    def _if(self, argument: object) -> object:
        condition, then, otherwise = as_list(argument, "Fn::If")
        return self.resolve(then if self.holds(str(condition)) else otherwise)

    def _select(self, argument: object) -> object:
        index, values = as_list(argument, "Fn::Select")
        chosen = as_list(self.resolve(values), "Fn::Select")
        return chosen[int(str(self.resolve(index)))]

    def _split(self, argument: object) -> object:
        delimiter, text = as_list(argument, "Fn::Split")
        return str(self.resolve(text)).split(str(delimiter))

    def _find_in_map(self, argument: object) -> object:
        name, top, second = (str(part) for part in as_list(self.resolve(argument), "FindInMap"))
        try:
            section = as_document(self.mappings[name], name)
            return as_document(section[top], f"{name}.{top}")[second]
        except KeyError as error:
            message = f"Fn::FindInMap: no {error.args[0]!r} in {name}.{top}.{second}"
            raise TemplateError(message) from error


def references(value: object) -> Iterator[str]:
    """Yield every name that *value* refers to with Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref":
                yield str(argument)
            elif name == "Fn::GetAtt":
                yield str(argument[0] if isinstance(argument, list) else argument).split(".")[0]
            elif name == "Fn::Sub":
                yield from _names_in_sub(argument)
            else:
                yield from references(argument)


def _names_in_sub(argument: object) -> Iterator[str]:
    """Yield the names between `${` and `}`, and those in the variables of the long form."""
    text, *variables = argument if isinstance(argument, list) else [argument]
    for literal, variable in _SUB_VARIABLE.findall(str(text)):
        if not literal:
            yield variable.strip().split(".")[0]
    yield from references(variables)
