"""
What a local CodeArtifact refuses with, one class per exception of the service model.

    CodeArtifactError
    ├── AccessDenied           403
    ├── Conflict               409  resource_id, resource_type
    ├── InternalServer         500
    ├── ResourceNotFound       404  resource_id, resource_type
    ├── ServiceQuotaExceeded   402  resource_id, resource_type
    ├── Throttling             429  retry_after_seconds
    └── Validation             400  reason
"""

from __future__ import annotations

from typing import ClassVar, Literal

ResourceType = Literal["domain", "repository", "package", "package-version", "asset"]
ValidationReason = Literal[
    "CANNOT_PARSE", "ENCRYPTION_KEY_ERROR", "FIELD_VALIDATION_FAILED", "UNKNOWN_OPERATION", "OTHER"
]


class CodeArtifactError(Exception):
    """A request that CodeArtifact refuses."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ResourceError(CodeArtifactError):
    """A refusal that names the resource it is about; a package group has no resource type."""

    def __init__(
        self, message: str, *, resource_id: str, resource_type: ResourceType | None
    ) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.resource_type: ResourceType | None = resource_type


class AccessDenied(CodeArtifactError):
    """The caller may not do this."""

    code = "AccessDeniedException"
    status = 403


class Conflict(ResourceError):
    """The request contradicts the present state."""

    code = "ConflictException"
    status = 409


class InternalServer(CodeArtifactError):
    """The local CodeArtifact failed, or a fault was asked for."""

    code = "InternalServerException"
    status = 500


class ResourceNotFound(ResourceError):
    """What the request names does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class ServiceQuotaExceeded(ResourceError):
    """A documented limit that no waiting cures."""

    code = "ServiceQuotaExceededException"
    status = 402


class Throttling(CodeArtifactError):
    """Too many requests of this kind a second."""

    code = "ThrottlingException"
    status = 429

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Validation(CodeArtifactError):
    """The request breaks a constraint."""

    code = "ValidationException"
    status = 400

    def __init__(
        self, message: str, *, reason: ValidationReason = "FIELD_VALIDATION_FAILED"
    ) -> None:
        super().__init__(message)
        self.reason: ValidationReason = reason
