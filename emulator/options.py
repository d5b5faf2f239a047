"""What a local CodeArtifact is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_ACCOUNT = "012345678901"  # the account of the User Guide's tutorials
DEFAULT_REGION = "us-west-2"


@dataclass(frozen=True, slots=True)
class Options:
    """
    The start options of a local CodeArtifact.

    Attributes:
        data: Folder that keeps state and assets; ``None`` keeps both only as long as the process.
        pypi_index: Base URL of ``public:pypi``'s simple index; ``None`` asks this machine's pip.
        npm_registry: Base URL of ``public:npmjs``; ``None`` asks this machine's npm.
        external: External connection name to a base URL or a directory of the same layout.
    """

    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    data: Path | None = None
    pypi_index: str | None = None
    npm_registry: str | None = None
    external: Mapping[str, str] = field(default_factory=dict)
