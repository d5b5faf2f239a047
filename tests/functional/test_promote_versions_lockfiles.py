"""From a lock file beside the policy to the copy: only what it lists is promoted."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from steward import policy as policies
from steward.coordinates import Format, Package
from steward.policy_file import compile_policy
from tests.functional.promotion_domain import PromotionDomain

Lock = Callable[[Package, Mapping[str, Mapping[str, str]]], str]


def sha256(content: str) -> str:
    """Return the hash of a file's content."""
    return hashlib.sha256(content.encode()).hexdigest()


def requirements(package: Package, versions: Mapping[str, Mapping[str, str]]) -> str:
    """Return the lock file of pip-compile: files by version, contents by name of the file."""
    lines = []
    for version, files in versions.items():
        hashes = " ".join(f"--hash=sha256:{sha256(content)}" for content in files.values())
        lines.append(f"{package.name}=={version} {hashes}")
    return "\n".join(lines) + "\n"


def package_lock(package: Package, versions: Mapping[str, Mapping[str, str]]) -> str:
    """Return npm's, which has SHA-512 only."""
    packages = {}
    for version, files in versions.items():
        (content,) = files.values()
        digest = base64.b64encode(hashlib.sha512(content.encode()).digest()).decode()
        path = f"node_modules/of-{version}/node_modules/@{package.namespace}/{package.name}"
        packages[path] = {"version": version, "integrity": f"sha512-{digest}"}
    return json.dumps({"lockfileVersion": 3, "packages": packages})


def verification_metadata(package: Package, versions: Mapping[str, Mapping[str, str]]) -> str:
    """Return Gradle's."""
    components = []
    for version, files in versions.items():
        artifacts = "".join(
            f'<artifact name="{name}"><sha256 value="{sha256(content)}"/></artifact>'
            for name, content in files.items()
        )
        components.append(
            f'<component group="{package.namespace}" name="{package.name}" version="{version}">'
            f"{artifacts}</component>"
        )
    return (
        f"<verification-metadata><components>{''.join(components)}</components>"
        "</verification-metadata>"
    )


@pytest.mark.parametrize(
    ("package_format", "namespace", "locked", "suffixes"),
    [
        pytest.param(
            "pypi", None, ("requirements.txt", requirements), (".tar.gz", ".whl"), id="pip-compile"
        ),
        pytest.param("npm", "scope", ("package-lock.json", package_lock), (".tgz",), id="npm"),
        pytest.param(
            "maven",
            "com.example",
            ("verification-metadata.xml", verification_metadata),
            (".jar", ".pom"),
            id="Gradle",
        ),
    ],
)
def test_only_what_the_lock_file_lists_is_promoted(  # noqa: PLR0917  columns of the table
    promotions: PromotionDomain,
    tmp_path: Path,
    package_format: Format,
    namespace: str | None,
    locked: tuple[str, Lock],
    suffixes: tuple[str, ...],
) -> None:
    """What was tampered with never is; what is not listed yet is judged anew once it is."""
    package, (file, lock) = promotions.new_package(package_format, namespace), locked
    released = {
        version: {
            f"{package.name}-{version}{suffix}": f"{suffix} of {version}" for suffix in suffixes
        }
        for version in ("1.0.0", "1.1.0", "1.2.0")
    }
    arrived = {**released, "1.1.0": dict.fromkeys(released["1.1.0"], "something else")}
    for version, files in arrived.items():
        assets = [{"name": name, "content": content} for name, content in files.items()]
        promotions.seed(package, version, assets=assets)

    def deploy(*versions: str) -> None:
        listed = {version: released[version] for version in versions}
        (tmp_path / file).write_text(lock(package, listed))
        text = (
            f"domain: my-company\npromotions:\n- name: approve\n  packages: /{package_format}/*\n"
            f"  from: intake\n  to: approved\n  require:\n    integrity: {file}\n"
        )
        compiled = tmp_path / "policy.json"
        compiled.write_text(compile_policy(text, str(tmp_path / "policy.yaml")))
        promotions.policy = policies.load(compiled)

    deploy("1.0.0", "1.1.0")
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0.0": "copied", "1.1.0": "refused", "1.2.0": "refused"}
    assert promotions.record(package, "1.2.0").reason == f"is not listed in {file}"
    assert promotions.there(package) == {"1.0.0": "Published"}

    deploy("1.0.0", "1.1.0", "1.2.0")
    promotions.recheck_everything()
    assert promotions.states(package) == {"1.0.0": "copied", "1.1.0": "refused", "1.2.0": "copied"}
    assert promotions.there(package) == {"1.0.0": "Published", "1.2.0": "Published"}
