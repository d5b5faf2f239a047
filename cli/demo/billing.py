"""The Python package that the company and an attacker both publish, each with code of its own."""

from pathlib import Path
from typing import Literal

from emulator.external.archives import Project, wheel

NAME = "mycompany-billing"
MODULE = "mycompany_billing"

Author = Literal["the company", "the attacker"]


class _Billing(Project):
    """One version of the package; its only module says whose code it is."""

    author: Author = "the company"

    @property
    def metadata(self) -> str:
        """Return the core metadata."""
        return (
            f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
            "Summary: Made by the demonstration of CodeArtifact Steward\n"
        )

    @property
    def module(self) -> str:
        """Return the source of its only module."""
        return f"AUTHOR = {self.author!r}\n"


class _NotBilling(_Billing):
    author: Author = "the attacker"


def wheel_of(version: str, author: Author) -> tuple[str, bytes]:
    """Return the file name and the bytes of a wheel that pip installs."""
    made = _Billing if author == "the company" else _NotBilling
    return f"{MODULE}-{version}-py3-none-any.whl", wheel(made(NAME, version, ">=3"))


def installed_author(folder: Path) -> str:
    """Return whose code pip has put into *folder*, read and not run."""
    source = (folder / MODULE / "__init__.py").read_text(encoding="utf-8")
    return source.removeprefix("AUTHOR = '").removesuffix("'\n")
