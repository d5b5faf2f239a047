"""
What can keep a local stack from starting or from doing what the template says.

StackError
├── TemplateError        the template cannot be read, translated or resolved
├── ResourceError        one resource of the template cannot be created
├── PortInUseError       another program listens where the stack should
└── FunctionError        an invocation did not end with a response
"""


class StackError(Exception):
    """The local stack cannot do what it was asked; the message is for the person who asked."""


class TemplateError(StackError):
    """The template cannot be read, translated or resolved."""


class ResourceError(StackError):
    """A resource of the template cannot be created locally."""

    def __init__(self, logical_id: str, resource_type: str, reason: str) -> None:
        """Keep the resource, for programs; the message names it too."""
        super().__init__(f"{logical_id} ({resource_type}): {reason}")
        self.logical_id = logical_id
        self.resource_type = resource_type


class PortInUseError(StackError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        """Keep the port that is taken."""
        super().__init__(
            f"port {port} of 127.0.0.1 is in use; stop what listens there, or choose another "
            "with --port (0 takes a free one)"
        )
        self.port = port


class FunctionError(StackError):
    """An invocation ended with an error instead of a response, as Lambda reports it."""

    def __init__(self, error_type: str, message: str) -> None:
        """Keep both as the runtime reported them (`Runtime.ImportModuleError`, `ValueError`)."""
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
