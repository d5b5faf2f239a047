"""Creates the CodeArtifact resources of a template in the local CodeArtifact, through its API."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from cli.stack.created import Created
from cli.stack.json_types import Document, as_document

if TYPE_CHECKING:
    from botocore.client import BaseClient

# The names of one restriction: in CloudFormation, and in the API.
_RESTRICTIONS = {
    "Publish": "PUBLISH",
    "ExternalUpstream": "EXTERNAL_UPSTREAM",
    "InternalUpstream": "INTERNAL_UPSTREAM",
}


class CodeArtifactResources:
    """
    Creates domains, repositories and package groups, each given the resolved properties.

    What is there already, by a folder of an earlier start, is left as it is: CloudFormation, too,
    goes on from what it has made before.
    """

    def __init__(self, client: Callable[[], "BaseClient"], account: str) -> None:
        """*client* gives a client for codeartifact that speaks as *account*."""
        self._client = client
        self._account = account

    @property
    def creators(self) -> dict[str, Callable[[str, Document], Created]]:
        """What creates each resource type."""
        return {
            "AWS::CodeArtifact::Domain": self.domain,
            "AWS::CodeArtifact::Repository": self.repository,
            "AWS::CodeArtifact::PackageGroup": self.package_group,
        }

    def domain(self, _: str, properties: Document) -> Created:
        """Create a domain; its key is left out, as nothing here is encrypted."""
        name = str(properties["DomainName"])
        try:
            domain = self._client().create_domain(domain=name)["domain"]
        except self._client().exceptions.ConflictException:
            domain = self._client().describe_domain(domain=name)["domain"]
            properties = {}
        if "PermissionsPolicyDocument" in properties:
            self._client().put_domain_permissions_policy(
                domain=name, policyDocument=json.dumps(properties["PermissionsPolicyDocument"])
            )
        attributes = {
            "Arn": domain["arn"],
            "Name": name,
            "Owner": domain["owner"],
            "EncryptionKey": domain["encryptionKey"],
        }
        return Created(domain["arn"], attributes)

    def repository(self, _: str, properties: Document) -> Created:
        """Create a repository with its upstreams, external connections and policy."""
        place = self._place(properties)
        name = str(properties["RepositoryName"])
        upstreams = cast("list[str]", properties.get("Upstreams", []))
        try:
            repository = self._client().create_repository(
                **place,
                repository=name,
                description=str(properties.get("Description", "")),
                upstreams=[{"repositoryName": upstream} for upstream in upstreams],
            )["repository"]
        except self._client().exceptions.ConflictException:
            found = self._client().describe_repository(**place, repository=name)
            repository, properties = found["repository"], {}
        for connection in cast("list[str]", properties.get("ExternalConnections", [])):
            self._client().associate_external_connection(
                **place, repository=name, externalConnection=connection
            )
        if "PermissionsPolicyDocument" in properties:
            self._client().put_repository_permissions_policy(
                **place,
                repository=name,
                policyDocument=json.dumps(properties["PermissionsPolicyDocument"]),
            )
        attributes = {
            "Arn": repository["arn"],
            "Name": name,
            "DomainName": repository["domainName"],
            "DomainOwner": repository["domainOwner"],
        }
        return Created(repository["arn"], attributes)

    def package_group(self, _: str, properties: Document) -> Created:
        """Create a package group with its origin configuration."""
        place = self._place(properties)
        pattern = str(properties["Pattern"])
        try:
            group = self._client().create_package_group(
                **place,
                packageGroup=pattern,
                description=str(properties.get("Description", "")),
                contactInfo=str(properties.get("ContactInfo", "")),
            )["packageGroup"]
        except self._client().exceptions.ConflictException:
            found = self._client().describe_package_group(**place, packageGroup=pattern)
            group, properties = found["packageGroup"], {}
        configuration = as_document(properties.get("OriginConfiguration", {}), pattern)
        restrictions = as_document(configuration.get("Restrictions", {}), pattern)
        wanted = {
            _RESTRICTIONS[name]: as_document(restriction, pattern)
            for name, restriction in restrictions.items()
        }
        if wanted:
            self._client().update_package_group_origin_configuration(
                **place,
                packageGroup=pattern,
                restrictions={kind: str(one["RestrictionMode"]) for kind, one in wanted.items()},
                addAllowedRepositories=[
                    {"repositoryName": repository, "originRestrictionType": kind}
                    for kind, one in wanted.items()
                    for repository in cast("list[str]", one.get("Repositories", []))
                ],
            )
        return Created(group["arn"], {"Arn": group["arn"]})

    def _place(self, properties: Document) -> dict[str, str]:
        return {
            "domain": str(properties["DomainName"]),
            "domainOwner": str(properties.get("DomainOwner", self._account)),
        }
