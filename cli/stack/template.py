"""Reads `template.yaml` and translates it with AWS's own SAM transform."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import intrinsics_multi_constructor

from cli.stack.environment import local_environment
from cli.stack.errors import TemplateError
from cli.stack.json_types import Document, as_document

_CODE_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
_STATE_MACHINE = "AWS::Serverless::StateMachine"
_LOCAL_BUCKET = "local"  # never looked into: a mark by which a resource finds its source again


@dataclass(frozen=True, slots=True)
class Source:
    """Where the content of a function or layer lies on this machine."""

    logical_id: str
    folder: Path
    build_method: str | None  # `Metadata.BuildMethod` of the resource


@dataclass(frozen=True, slots=True)
class Template:
    """A template as CloudFormation would get it, and what SAM would have uploaded beside it."""

    parameters: Document
    conditions: Document
    mappings: Document
    resources: dict[str, Document]
    outputs: Document
    sources: dict[str, Source]  # by the key that stands in `Code.S3Key` or `Content.S3Key`
    definitions: dict[str, Path]  # of state machines, by the key in `DefinitionS3Location`


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`), leaving `yaml.SafeLoader` as it is."""


_TemplateLoader.add_multi_constructor("!", intrinsics_multi_constructor)


class _NoManagedPolicies:
    """Answers SAM's question for managed policies without IAM: names stay names."""

    def load(self) -> dict[str, str]:
        """Return no policy; roles are not enforced locally."""
        return {}


def read_template(path: Path) -> Document:
    """
    Return the document in the file, with the short forms of intrinsic functions written out.

    Raises:
        TemplateError: There is no such file, it is no YAML, or it holds no `Resources`.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_TemplateLoader)  # noqa: S506  a SafeLoader
    except OSError as error:
        message = f"cannot read the template {path}: {error.strerror}"
        raise TemplateError(message) from error
    except yaml.YAMLError as error:
        message = f"the template {path} is not valid YAML: {error}"
        raise TemplateError(message) from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        message = f"the template {path} has no Resources"
        raise TemplateError(message)
    return document


def translate(
    document: Document, *, folder: Path, parameters: dict[str, str], region: str
) -> Template:
    """
    Return the template after the SAM transform.

    SAM wants code and definitions on S3; a marker stands in for each, and `Template.sources` and
    `Template.definitions` lead from the marker back to the folder or the file. Relative paths count
    from *folder*, as for `sam build`.

    Raises:
        TemplateError: The transform refused it; every complaint is in the message.
    """
    marked, definitions = _with_marked_definitions(document, folder)
    marked, sources = _marked(marked, folder)
    try:
        with local_environment(region):  # boto3 tells SAM's transform the region
            translated = transform(marked, parameters, _NoManagedPolicies())
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        message = f"the SAM transform refuses the template: {causes}"
        raise TemplateError(message) from error
    return Template(
        parameters=as_document(translated.get("Parameters", {}), "Parameters"),
        conditions=as_document(translated.get("Conditions", {}), "Conditions"),
        mappings=as_document(translated.get("Mappings", {}), "Mappings"),
        resources={
            name: as_document(resource, name)
            for name, resource in as_document(translated["Resources"], "Resources").items()
        },
        outputs=as_document(translated.get("Outputs", {}), "Outputs"),
        sources=sources,
        definitions=definitions,
    )


def _marked(document: Document, folder: Path) -> tuple[Document, dict[str, Source]]:
    """Return a copy of the template whose code is marked, and the sources by mark."""
    shared = _shared_code_uri(document)
    sources: dict[str, Source] = {}
    resources: Document = {}
    for name, value in as_document(document["Resources"], "Resources").items():
        resource = as_document(value, name)
        code_property = _CODE_PROPERTIES.get(str(resource.get("Type")))
        if code_property is not None:
            properties = as_document(resource.get("Properties", {}), name)
            uri = properties.get(code_property, shared)
            if isinstance(uri, str) and not uri.startswith("s3://"):
                metadata = as_document(resource.get("Metadata", {}), name)
                build_method = metadata.get("BuildMethod")
                sources[name] = Source(
                    logical_id=name,
                    folder=(folder / uri).resolve(),
                    build_method=None if build_method is None else str(build_method),
                )
                mark = {"Bucket": _LOCAL_BUCKET, "Key": name}
                resource = {**resource, "Properties": {**properties, code_property: mark}}
        resources[name] = resource
    return {**document, "Resources": resources}, sources


def _with_marked_definitions(document: Document, folder: Path) -> tuple[Document, dict[str, Path]]:
    """Return a copy of the template whose state machines are marked, and their files by mark."""
    definitions: dict[str, Path] = {}
    resources: Document = {}
    for name, value in as_document(document["Resources"], "Resources").items():
        resource = as_document(value, name)
        if resource.get("Type") == _STATE_MACHINE:
            properties = as_document(resource.get("Properties", {}), name)
            uri = properties.get("DefinitionUri")
            if isinstance(uri, str) and not uri.startswith("s3://"):
                definitions[name] = (folder / uri).resolve()
                mark = {"Bucket": _LOCAL_BUCKET, "Key": name}
                resource = {**resource, "Properties": {**properties, "DefinitionUri": mark}}
        resources[name] = resource
    return {**document, "Resources": resources}, definitions


def _shared_code_uri(document: Document) -> object:
    """Return the `CodeUri` of the template's `Globals`, which SAM gives to every function."""
    shared = as_document(document.get("Globals", {}), "Globals")
    return as_document(shared.get("Function", {}), "Globals.Function").get("CodeUri", ".")
