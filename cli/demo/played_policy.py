"""The policy that the demonstration plays: the one given, and the rules that the story needs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cli.demo.shop import LOCK_FILE, lock_file
from cli.policies import checked_policy, loaded_policy, policy_text

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
RETENTION = f"""\
retention:
  - packages: /maven/com.mycompany.shop~
    repositories: shop-*
    versions: snapshot-builds
    keep_newest: 2
    keep_younger_than: P30D
    when_released: {{grace: P7D}}
    then: delete
  - packages: /pypi//shop~
    repositories: shop-*
    versions: snapshot-builds
    keep_newest: 5
    keep_younger_than: P30D
    then: delete
  - packages: /pypi//shop~
    repositories: shop-*
    versions: releases
    keep_newest: 3
    keep_younger_than: P730D
    lockfiles: {LOCK_FILE}
    then: [archive, {{delete: P365D}}]
limits:
  deletions_per_run: 20
"""

_LISTING = ("caches", "retention")  # sections whose rules may name lock files
_OBJECT = "s3://"  # one that stands beside no policy

Rules = list[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class PlayedPolicy:
    """
    A policy as the functions of the story get it.

    Attributes:
        file: It as a policy file, with the lock files that it names beside it.
        compiled: As functions read it; likewise *locked*, what its lock files list.
        addition: The origins rules that the demonstration added, as YAML; empty if the policy has
            some of its own.
        cache: The name of the rule of `CACHES`.
    """

    file: Path
    compiled: str
    locked: str
    addition: str
    cache: str

    @property
    def domain(self) -> str:
        """The domain that it is for."""
        return str(json.loads(self.compiled)["domain"])

    def load(self) -> "Policy":
        """Return it as the functions see it."""
        return loaded_policy(self.file)


def played_policy(path: Path, folder: Path) -> PlayedPolicy:
    """
    Return the policy in the file *path*, with what the demonstration adds to it.

    - `ADDITION`, if it says nothing about origins;
    - `PROMOTIONS` and the rules of `RETENTION`, before those that it has: they are about packages
      that are the demonstration's;
    - `CACHES`, after those that it has;
    - the limits of `RETENTION`, in place of its own.

    Args:
        folder: It is made, and holds the policy file that is played.

    Raises:
        click.ClickException: It cannot be read, or has mistakes; each stands in the message.
    """
    import yaml

    checked_policy(path)
    given: dict[str, object] = yaml.safe_load(policy_text(path))
    lockfiles = sorted(_lockfiles(given))
    added = yaml.safe_load(f"{PROMOTIONS}{CACHES}{RETENTION}")
    names = {rule["name"] for rule in added["promotions"]}
    own = [rule for rule in _rules(given, "promotions") if rule.get("name") not in names]
    caches = [*_rules(given, "caches"), *added["caches"]]
    played = {
        **given,
        "promotions": [*added["promotions"], *own],
        "caches": caches,
        "retention": [*added["retention"], *_rules(given, "retention")],
        "limits": added["limits"],
    }
    addition = "" if _rules(given, "origins") else ADDITION
    if addition:
        played |= yaml.safe_load(addition)
    file = folder / "policy.yaml"
    for name in lockfiles:
        _write(folder / name, (path.parent / name).read_text(encoding="utf-8"))
    _write(folder / LOCK_FILE, lock_file())
    _write(file, yaml.safe_dump(played, sort_keys=False))
    checked = checked_policy(file)
    cache = f"caches[{len(caches) - 1}]"  # its place, as the compiler names it
    return PlayedPolicy(file, checked.compiled, checked.locked, addition, cache)


def _rules(document: Mapping[str, object], section: str) -> Rules:
    return cast("Rules", document.get(section) or [])


def _lockfiles(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of the lock files that stand beside the policy."""
    named = [rule.get("lockfiles") for part in _LISTING for rule in _rules(document, part)]
    gates = [rule.get("require") or {} for rule in _rules(document, "promotions")]
    named += [cast("Mapping[str, object]", gate).get("integrity") for gate in gates]
    for one in named:
        names = [one] if isinstance(one, str) else cast("list[str]", one or [])
        yield from (name for name in names if not name.startswith(_OBJECT))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
