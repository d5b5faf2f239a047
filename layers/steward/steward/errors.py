"""
Every exception that the shared code raises on purpose.

::

    StewardError
    ├── SettingsError                    the environment of the function is wrong
    ├── PolicyError                      the compiled policy cannot be read
    │   └── PolicyMistakesError          the policy file has mistakes (policy_lines.py)
    ├── PatternError                     no package-group pattern
    ├── PurlError                        no package URL of anything that CodeArtifact can hold
    ├── BatchError                       the function was not called with a batch of SQS messages
    ├── MalformedMessageError            a message that no automation understands
    ├── EndpointError                    a repository endpoint gave no answer that can be used
    └── AwsError                         AWS refused a call, or could not be reached
        ├── CodeArtifactError            ... a call to CodeArtifact
        │   ├── PackageNotFoundError     ... because the package or its repository does not exist
        │   ├── PackageGroupError        ... about a package group
        │   ├── StatusUpdateInterruptedError   ... after some versions had been changed
        │   ├── RemovalInterruptedError   ... after some versions had been disposed of or deleted
        │   └── CopyInterruptedError   ... after some versions had been copied
        ├── QueueError                   ... a call to SQS
        └── LedgerError                  ... a call to DynamoDB for our own table

A version that CodeArtifact refuses to change is no exception but a value
(``StatusChanges.refused``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steward.codeartifact import StatusChanges
    from steward.copies import CopyResult
    from steward.removals import RemovalResult


class StewardError(Exception):
    """Something that the project expects to go wrong now and then."""


class SettingsError(StewardError):
    """An environment variable of the function is missing or has a value that means nothing."""


class PolicyError(StewardError):
    """The compiled policy is missing or is not what the policy compiler writes."""


class PatternError(StewardError):
    """
    A text is no package-group pattern, or one that no package can match.

    Attributes:
        pattern: The text.
        remedy: What to write instead, as a sentence.
    """

    def __init__(self, pattern: str, problem: str, remedy: str) -> None:
        super().__init__(f"{pattern!r} {problem}")
        self.pattern = pattern
        self.remedy = remedy


class PurlError(StewardError):
    """
    A text is no package URL, or one of a package that CodeArtifact cannot hold.

    Attributes:
        purl: The text.
    """

    def __init__(self, purl: str, problem: str) -> None:
        super().__init__(f"{purl!r:.300} {problem}")
        self.purl = purl


class BatchError(StewardError):
    """The function's input is no batch of SQS messages: someone wired it to something else."""


class MalformedMessageError(StewardError):
    """A message is neither an event of CodeArtifact nor one that an automation sent to itself."""


class EndpointError(StewardError):
    """A repository endpoint could not be asked, or its answer is nothing that can be read."""


class EndpointClosedError(EndpointError):
    """
    CodeArtifact does not say where an endpoint is, or gives no token for it.

    Attributes:
        passing: It may do so in a while: it was throttled, in trouble, or not reached.
    """

    def __init__(self, problem: str, *, passing: bool) -> None:
        super().__init__(problem)
        self.passing = passing


class AwsError(StewardError):
    """
    An AWS service refused a call as a whole, or could not be reached.

    Attributes:
        operation: The operation, as botocore names it.
        code: The service's error code, or the kind of connection failure.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} failed with {code}: {message}")
        self.operation = operation
        self.code = code


class CodeArtifactError(AwsError):
    """A call to CodeArtifact failed as a whole; the queue brings the package back."""


class PackageNotFoundError(CodeArtifactError):
    """The domain, the repository or the package does not exist (any more)."""


class PackageGroupError(CodeArtifactError):
    """
    A call about a package group was refused, or CodeArtifact could not be reached.

    Attributes:
        resource_type: What is missing or in the way, as CodeArtifact calls it: ``package-group``
            or ``repository`` or another; ``None`` if the answer does not tell.
        resource: Its name, likewise.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str,
        *,
        resource_type: str | None = None,
        resource: str | None = None,
    ) -> None:
        super().__init__(operation, code, message)
        self.resource_type = resource_type
        self.resource = resource


class StatusUpdateInterruptedError(CodeArtifactError):
    """
    A status update failed as a whole after others for the same package had succeeded.

    Attributes:
        changes: What had been changed and refused before.
    """

    def __init__(self, cause: CodeArtifactError, changes: StatusChanges) -> None:
        super().__init__(cause.operation, cause.code, str(cause))
        self.changes = changes


class RemovalInterruptedError(CodeArtifactError):
    """
    A removal failed as a whole after others of the same package had done something.

    Attributes:
        done: What had been removed, found gone and refused before.
    """

    def __init__(self, cause: CodeArtifactError, done: RemovalResult) -> None:
        super().__init__(cause.operation, cause.code, str(cause))
        self.done = done


class CopyInterruptedError(CodeArtifactError):
    """
    A copy failed as a whole after others of the same package had done something.

    Attributes:
        done: What had been copied, found there already and refused before.
    """

    def __init__(self, cause: CodeArtifactError, done: CopyResult) -> None:
        super().__init__(cause.operation, cause.code, str(cause))
        self.done = done


class QueueError(AwsError):
    """A message could not be sent to the automation's own queue."""


class LedgerError(AwsError):
    """The ledger's table could not be read or written, or holds what the ledger did not write."""
