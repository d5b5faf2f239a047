"""Makes the domain that a stack is to work in: the CodeArtifact resources of other templates."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.stack.json_types import as_document
from cli.stack.resources import Unplayed, apply_template
from cli.stack.template import Template, read_template, translate

if TYPE_CHECKING:
    from cli.stack.services import Services

_TYPES = "AWS::CodeArtifact::"


@dataclass(frozen=True, slots=True)
class DomainTemplate:
    """A template that has been read, and the values of those parameters that it declares."""

    template: Template
    parameters: dict[str, str]

    def make(self, services: "Services", *, account: str, region: str) -> list[Unplayed]:
        """
        Make its CodeArtifact resources, and return what else it has: nothing of that is made.

        What is there already, by a folder of an earlier start, is left as it is.

        Raises:
            TemplateError: An expression cannot be resolved, or resources refer to one another.
            ResourceError: CodeArtifact refused a resource.
        """
        return apply_template(
            self.template,
            parameters=self.parameters,
            services=services,
            account=account,
            region=region,
            only=_TYPES,
        ).unplayed


def read_domain_template(path: Path, parameters: dict[str, str], region: str) -> DomainTemplate:
    """
    Return the template in the file; of *parameters* it gets those that it declares.

    Raises:
        TemplateError: It cannot be read, or is no template.
    """
    document = read_template(path)
    declared = as_document(document.get("Parameters", {}), "Parameters")
    given = {name: value for name, value in parameters.items() if name in declared}
    return DomainTemplate(
        translate(document, folder=path.parent, parameters=given, region=region), given
    )
