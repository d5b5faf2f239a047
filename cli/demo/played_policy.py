"""The policy that the demonstration plays: the one given, and the rules that the story needs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.policies import checked_policy

if TYPE_CHECKING:
    from steward.policy import Policy

ADDITION = """\
origins:
  - packages: "/pypi//mycompany~"
    kind: internal
"""
PROMOTIONS = """\
promotions:
  - name: reviewed
    packages: /pypi//tidy-crypto$
    from: pypi-intake
    to: pypi-approved
    require: {vulnerabilities: {block_at: high}, approval: manual}
  - name: public-to-approved
    packages: /pypi//tidy~
    from: pypi-intake
    to: pypi-approved
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
"""
CACHES = """\
caches:
  - repository: DemoRepository
    lockfiles: s3://mycompany-locks/web/requirements.txt
"""


@dataclass(frozen=True, slots=True)
class PlayedPolicy:
    """
    A policy as the functions of the story get it.

    Attributes:
        compiled: Its digest is that of the file that was given.
        locked: What the lock files of its caches list, as functions read it.
        addition: The origins rules that the demonstration added, as YAML; empty if the policy has
            some of its own.
        cache: The name of the rule of `CACHES`.
    """

    compiled: str
    locked: str
    addition: str
    cache: str

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
    Return the policy in the file *path*, with what the demonstration adds to it.

    - `ADDITION`, if it says nothing about origins;
    - `PROMOTIONS`, before those that it has: they are about packages that are the demonstration's;
    - `CACHES`, after those that it has.

    Raises:
        click.ClickException: It cannot be read, or has mistakes; each stands in the message.
    """
    from steward.policy_file import compile_policy

    checked = checked_policy(path)
    document = json.loads(checked.compiled)
    text = f"domain: {json.dumps(document['domain'])}\n{ADDITION}{PROMOTIONS}{CACHES}"
    added = json.loads(compile_policy(text, "the demonstration's addition"))
    names = {rule["name"] for rule in added["promotions"]}
    own = [rule for rule in document["promotions"] if rule["name"] not in names]
    caches = [*document["caches"], *added["caches"]]
    caches[-1]["name"] = f"caches[{len(caches) - 1}]"  # its place, as the compiler names it
    played = {**document, "promotions": [*added["promotions"], *own], "caches": caches}
    if document["origins"]:
        return PlayedPolicy(json.dumps(played), checked.locked, "", caches[-1]["name"])
    played["origins"] = added["origins"]
    return PlayedPolicy(json.dumps(played), checked.locked, ADDITION, caches[-1]["name"])
