"""The policy that the demonstration plays: the one given, with an origins rule if it has none."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.policies import compiled_policy

if TYPE_CHECKING:
    from steward.policy import Policy

ADDITION = """\
origins:
  - packages: "/pypi//mycompany~"
    kind: internal
"""


@dataclass(frozen=True, slots=True)
class PlayedPolicy:
    """
    A policy as the functions of the story get it.

    Attributes:
        compiled: Its digest is that of the file that was given.
        addition: What the demonstration added to it, as YAML; empty if the policy has origins rules
            of its own.
    """

    compiled: str
    addition: str

    @property
    def domain(self) -> str:
        """The domain that it is for."""
        return str(json.loads(self.compiled)["domain"])

    def load(self, scratch: Path) -> "Policy":
        """Return it as the functions see it; *scratch* is an existing folder."""
        from steward.policy import load

        file = scratch / "policy.json"
        file.write_text(self.compiled, encoding="utf-8")
        return load(file)


def played_policy(path: Path) -> PlayedPolicy:
    """
    Return the policy in the file *path*, with `ADDITION` if it says nothing about origins.

    Raises:
        click.ClickException: It cannot be read, or has mistakes; each stands in the message.
    """
    from steward.policy_file import compile_policy

    compiled = compiled_policy(path)
    document = json.loads(compiled)
    if document["origins"]:
        return PlayedPolicy(compiled, "")
    text = f"domain: {json.dumps(document['domain'])}\n{ADDITION}"
    added = json.loads(compile_policy(text, "the demonstration's addition"))
    return PlayedPolicy(json.dumps({**document, "origins": added["origins"]}), ADDITION)
