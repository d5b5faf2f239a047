"""The policy section `caches`: what is compiled, what is a mistake, and what is a warning."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
import yaml

from steward import patterns, policy_file
from steward.cache_rules import CachedPackage, CacheRule, load_locked
from steward.errors import PolicyError
from steward.lockfiles import MAX_BYTES, Locked
from steward.policy import Policy, load
from steward.policy_file import CheckedPolicy, check, json_schema
from steward.policy_lines import PolicyMistakesError

HASH = sha256(b"wheel").hexdigest()
REQUIREMENTS = f"Typing_Extensions==4.12.2 --hash=sha256:{HASH}\n"
RULE = "domain: a-b\ncaches:\n- repository: my-repo\n"
WHOLE = """\
domain: my-company
caches:
  - repository: DemoRepository
    lockfiles: [requirements.txt, "locks/Gemfile.lock", "s3://my-bucket/locks/uv.lock"]
    packages:
      - "pkg:maven/org.slf4j/slf4j-api"
      - {package: "pkg:npm/%40types/React", newest: 5, range: "^18.0.0"}
      - "pkg:pypi/Typing_Extensions@4.12.2"
    keep_up_with: ["/pypi/*", /npm/*]
    newest: 3
    prereleases: true
    verify: true
    on_mismatch: archive
  - repository: other
    keep_up_with: /*
"""
GEMS = "GEM\n  specs:\n    nokogiri (1.16.0-x86_64-linux)\n\nDEPENDENCIES\n  nokogiri\n"


def checked(text: str, folder: Path, **files: str) -> CheckedPolicy:
    """Return the policy *text* in *folder*, beside *files*, whose names have `_` for a dot."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return check(text, str(folder / "policy.yaml"))


def loaded(found: CheckedPolicy, folder: Path) -> tuple[Policy, Mapping[str, tuple[Locked, ...]]]:
    """Return the policy, and what its lock files list, as functions have them."""
    return load(found.write(folder)), load_locked(folder / "lockfiles.json")


def whole(folder: Path) -> CheckedPolicy:
    """Return the policy that has every key."""
    (folder / "locks").mkdir()
    (folder / "locks" / "Gemfile.lock").write_text(GEMS)
    return checked(WHOLE, folder, requirements_txt=REQUIREMENTS)


def problems(text: str, folder: Path) -> list[str]:
    """Return the mistakes of the policy *text* in *folder*, without the name of the file."""
    with pytest.raises(PolicyMistakesError) as refusal:
        checked(text, folder)
    file = str(folder / "policy.yaml")
    return [str(mistake).removeprefix(f"{file}:") for mistake in refusal.value.mistakes]


def warnings(text: str, folder: Path, **files: str) -> list[str]:
    """Return the warnings about the policy *text*, without the name of the file."""
    file = str(folder / "policy.yaml")
    return [str(one).removeprefix(f"{file}:") for one in checked(text, folder, **files).warnings]


def test_every_key_reaches_the_functions(tmp_path: Path) -> None:
    """Names as CodeArtifact stores them; the rule's number counts where a package has none."""
    policy, _ = loaded(whole(tmp_path), tmp_path)
    first, second = policy.caches
    assert first == CacheRule(
        name="caches[0]",
        repository="DemoRepository",
        lockfiles=("requirements.txt", "locks/Gemfile.lock"),
        objects=("s3://my-bucket/locks/uv.lock",),
        packages=(
            CachedPackage("maven", "org.slf4j", "slf4j-api", newest=3),
            CachedPackage("npm", "types", "React", newest=5, range="^18.0.0"),
            CachedPackage("pypi", None, "typing-extensions", version="4.12.2"),
        ),
        keep_up_with=(patterns.parse("/pypi/*"), patterns.parse("/npm/*")),
        newest=3,
        prereleases=True,
        verify=True,
        on_mismatch="archive",
    )
    assert second == CacheRule("caches[1]", "other", keep_up_with=(patterns.parse("/*"),))
    assert policy.cache_rule("caches[1]") == second
    assert policy.cache_rule("caches[2]") is None


def test_what_lock_files_list_stands_beside_the_policy(tmp_path: Path) -> None:
    """Every function loads the policy, and only warming needs thousands of versions."""
    found = whole(tmp_path)
    _, locked = loaded(found, tmp_path)
    assert locked == {
        "requirements.txt": (
            Locked(
                "pypi",
                None,
                "typing-extensions",
                "4.12.2",
                hashes=frozenset({f"SHA-256:{HASH}"}),
                line=1,
            ),
        ),
        "locks/Gemfile.lock": (
            Locked(
                "ruby",
                None,
                "nokogiri",
                "1.16.0-x86_64-linux",
                files=frozenset({"nokogiri-1.16.0-x86_64-linux.gem"}),
                line=3,
            ),
        ),
    }
    assert HASH not in found.compiled


def test_another_lock_file_is_another_policy(tmp_path: Path) -> None:
    """A command that makes a deployment act refuses a policy of another digest."""
    text = RULE + "  lockfiles: requirements.txt\n"
    digests = {
        json.loads(checked(text, tmp_path, requirements_txt=locked).compiled)["digest"]
        for locked in ("six==1.0\n", "six==1.1\n")
    }
    assert len(digests) == 2


def test_without_lock_files_there_is_nothing_locked(tmp_path: Path) -> None:
    """Whether the file is there or not."""
    assert load_locked(tmp_path / "lockfiles.json") == {}
    _, locked = loaded(checked(RULE + "  keep_up_with: /npm/*\n", tmp_path), tmp_path)
    assert locked == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": [1]}', '{"a": [["pypi"]]}', '{"a": 7}'])
def test_a_file_that_the_compiler_did_not_write_is_no_lock_file(tmp_path: Path, text: str) -> None:
    """Nobody goes on with half of what is wanted."""
    (tmp_path / "lockfiles.json").write_text(text)
    with pytest.raises(PolicyError, match="holds no compiled lock files"):
        load_locked(tmp_path / "lockfiles.json")


def test_the_build_writes_what_lock_files_list_into_the_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what of them is passed over."""
    whole(tmp_path)
    (tmp_path / "policy.yaml").write_text(WHOLE)
    (tmp_path / "locks" / "Gemfile.lock").write_text(GEMS.replace("GEM\n", "GIT\n"))
    layer = tmp_path / "layer"
    layer.mkdir()
    assert policy_file.main([str(tmp_path / "policy.yaml"), str(layer)]) == 0
    assert [*load_locked(layer / "lockfiles.json")] == ["locks/Gemfile.lock", "requirements.txt"]
    assert "nokogiri 1.16.0-x86_64-linux (comes from Git, line 3)" in capsys.readouterr().err


def test_the_schema_accepts_what_the_compiler_accepts() -> None:
    """Editors complete from it."""
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(yaml.safe_load(WHOLE))
    for rule in (
        {},
        {"repository": "ab"},
        {"repository": "ab", "lockfiles": []},
        {"repository": "ab", "lockfiles": "uv.lock", "newest": 0},
        {"repository": "ab", "packages": [{"newest": 2}]},
        {"repository": "ab", "keep_up_with": "/npm/*", "on_mismatch": "delete"},
        {"repository": "ab", "keep_up_with": "/npm/*", "newest": None},
    ):
        assert not validator.is_valid({"domain": "a-b", "caches": [rule]}), rule


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            RULE,
            "3: caches[0]: this rule has nothing to fetch. Add lockfiles, packages or keep_up",
            id="nothing to fetch",
        ),
        pytest.param(
            "domain: a-b\ncaches:\n- keep_up_with: /*\n",
            "3: caches[0].repository: the key 'repository' is missing",
            id="no repository",
        ),
        pytest.param(
            "domain: a-b\ncaches:\n- my-repo\n",
            "3: caches[0]: this is no rule. A rule starts like this: `- repository: my-rep",
            id="no rule",
        ),
        pytest.param(
            "domain: a-b\ncaches:\n- repository: '*-store'\n  keep_up_with: /*\n",
            "3: caches[0].repository: '*-store' is a pattern, and this has to be the name of one",
            id="a pattern of repositories",
        ),
        pytest.param(
            RULE + "  lockfiles: []\n",
            "4: caches[0].lockfiles: this list is empty. Put at least one item in, or delete the k",
            id="no lock files",
        ),
        pytest.param(
            RULE + "  lockfiles: missing.txt\n",
            "4: caches[0].lockfiles[0]: missing.txt cannot be read: No such file or directory. Put",
            id="a lock file that is not there",
        ),
        pytest.param(
            RULE + "  lockfiles: ../requirements.txt\n",
            "4: caches[0].lockfiles[0]: '../requirements.txt' leaves the folder",
            id="a lock file elsewhere",
        ),
        pytest.param(
            RULE + "  lockfiles: pom.xml\n",
            "4: caches[0].lockfiles[0]: pom.xml is no kind of lock file that is known",
            id="no lock file",
        ),
        pytest.param(
            RULE + "  lockfiles: [uv.lock, uv.lock]\n",
            "4: caches[0].lockfiles: uv.lock stands here more than once",
            id="a lock file twice",
        ),
        pytest.param(
            RULE + "  lockfiles: https://example.invalid/uv.lock\n",
            "is neither a file beside the policy file nor an object in S3",
            id="a lock file on the web",
        ),
        pytest.param(
            RULE + "  lockfiles: s3://My_Bucket/uv.lock\n",
            "has no bucket with such a name. Write s3://bucket/key.",
            id="an impossible bucket",
        ),
        pytest.param(
            RULE + "  lockfiles: s3://my-bucket\n",
            "'s3://my-bucket' names no object of a bucket",
            id="a bucket alone",
        ),
        pytest.param(
            RULE + "  lockfiles: s3://my-bucket/locks/\n", "names no object", id="a folder of S3"
        ),
        pytest.param(
            RULE + "  lockfiles: s3://my-bucket/pom.xml\n",
            "pom.xml is no kind of lock file",
            id="no lock file in S3",
        ),
        pytest.param(
            RULE + f"  lockfiles: s3://my-bucket/{'a' * 1024}/uv.lock\n",
            "this key is longer than those of S3",
            id="a key that is too long",
        ),
        pytest.param(
            RULE + "  packages: [/npm//react$]\n",
            "'/npm//react$' is a pattern, and this has to be a package URL",
            id="a pattern of packages",
        ),
        pytest.param(
            RULE + "  packages: react\n", "'react' is no package URL", id="a name without a format"
        ),
        pytest.param(
            RULE + "  packages: pkg:swift/apple/nio\n",
            "no external connection has packages of the format swift. Formats that have one are n",
            id="Swift",
        ),
        pytest.param(
            RULE + "  packages: pkg:generic/tools/cli@1.0\n",
            "no external connection has packages of the format generic",
            id="generic packages",
        ),
        pytest.param(
            RULE + "  packages: pkg:maven/com.mycompany/app@1.0-SNAPSHOT\n",
            "1.0-SNAPSHOT is a snapshot, and snapshots never come through external connections",
            id="a snapshot",
        ),
        pytest.param(
            RULE + "  packages: pkg:maven/com.mycompany/app@1.0-20260301.101500-7\n",
            "1.0-20260301.101500-7 is a snapshot",
            id="a build of a snapshot",
        ),
        pytest.param(
            RULE + "  packages: [pkg:pypi/my_lib, pkg:pypi/My-Lib]\n",
            "4: caches[0].packages: pkg:pypi/my-lib stands here more than once",
            id="a package in two spellings",
        ),
        pytest.param(
            RULE + "  packages:\n  - package: pkg:npm/react\n    range: '>>1'\n",
            "6: caches[0].packages[0].range: '>>1'",
            id="no range of npm",
        ),
        pytest.param(
            RULE + "  packages:\n  - package: pkg:maven/a/b\n    range: '[1.0,2.0'\n",
            "6: caches[0].packages[0].range: '[1.0,2.0'",
            id="no range of Maven",
        ),
        pytest.param(
            RULE + "  packages:\n  - package: pkg:npm/react@18.2.0\n    newest: 2\n",
            "6: caches[0].packages[0].newest: pkg:npm/react@18.2.0 is exactly the version 18.2.0",
            id="the newest of one version",
        ),
        pytest.param(
            RULE + "  packages:\n  - package: pkg:npm/react\n    newest: 0\n",
            "6: caches[0].packages[0].newest: this number is too small. Write 1 or more.",
            id="no newest version",
        ),
        pytest.param(
            RULE + "  packages:\n  - newest: 2\n",
            "5: caches[0].packages[0].package: the key 'package' is missing",
            id="the newest of nothing",
        ),
        pytest.param(
            RULE + "  keep_up_with: /swift/*\n",
            "'/swift/*' can fetch nothing: no external connection has packages of the format swif",
            id="patterns of Swift",
        ),
        pytest.param(
            RULE + "  keep_up_with: /npm/*\n  newest: 101\n",
            "5: caches[0].newest: this number is too large. Write 100 or less.",
            id="too many versions",
        ),
        pytest.param(
            RULE + "  keep_up_with: /npm/*\n  newest: '3'\n",
            "5: caches[0].newest: this is no whole number. Write one such as 3, without quotes.",
            id="a number in quotes",
        ),
        pytest.param(
            RULE + "  keep_up_with: /npm/*\n  newest: true\n",
            "5: caches[0].newest: this is no whole number",
            id="a truth for a number",
        ),
        pytest.param(
            RULE + "  keep_up_with: /npm/*\n  on_mismatch: delete\n",
            "5: caches[0].on_mismatch: 'delete' is not known here. Write report or archive.",
            id="no way to answer a mismatch",
        ),
        pytest.param(
            RULE + "  keep_up_with: /npm/*\n  verifying: true\n",
            "5: caches[0].verifying: unknown key 'verifying'. Did you mean 'verify'?",
            id="a slip of the pen",
        ),
        pytest.param(
            RULE + "  keep_up_with: [/npm/*, /pypi/*]\n- keep_up_with: [/pypi/*, /npm/*]\n"
            "  newest: 1\n  repository: my-repo\n",
            "5: caches[1]: caches[0] (line 3) says the same. Delete one of them.",
            id="two that say the same",
        ),
    ],
)
def test_a_mistake_has_its_line_and_its_remedy(tmp_path: Path, text: str, problem: str) -> None:
    """It is the only one."""
    (found,) = problems(text, tmp_path)
    assert problem in found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"\xff\xfe", "package-lock.json is not UTF-8. Make it anew.", id="bytes"),
        pytest.param(b'{"lockfileVersion": 3', "package-lock.json: line 1: it is no J", id="cut"),
        pytest.param(b" " * (MAX_BYTES + 1), "package-lock.json is larger than", id="huge"),
    ],
)
def test_a_lock_file_of_no_use_is_a_mistake(tmp_path: Path, content: bytes, problem: str) -> None:
    """The build stops: nobody wants a cache that is warm by half."""
    (tmp_path / "package-lock.json").write_bytes(content)
    (found,) = problems(RULE + "  lockfiles: package-lock.json\n", tmp_path)
    assert f"4: caches[0].lockfiles[0]: {problem}" in found


def test_a_link_out_of_the_folder_is_a_mistake(tmp_path: Path) -> None:
    """A policy is built from what is reviewed with it."""
    folder = tmp_path / "policy"
    folder.mkdir()
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (folder / "uv.lock").symlink_to(tmp_path / "uv.lock")
    (found,) = problems(RULE + "  lockfiles: uv.lock\n", folder)
    assert "uv.lock leads out of the folder of the policy file" in found


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        pytest.param(
            "  keep_up_with: /npm/*\n  verify: true\n",
            "5: caches[0].verify: only lock files have hashes to compare with",
            id="nothing to verify with",
        ),
        pytest.param(
            "  keep_up_with: /npm/*\n  on_mismatch: archive\n",
            "5: caches[0].on_mismatch: nothing is compared without verify: true",
            id="a mismatch of nothing",
        ),
        pytest.param(
            "  packages: pkg:npm/react@18.2.0\n  newest: 2\n",
            "5: caches[0].newest: this rule asks for no newest versions",
            id="the newest of nothing",
        ),
        pytest.param(
            "  lockfiles: requirements.txt\n  prereleases: true\n",
            "5: caches[0].prereleases: this rule asks for no newest versions",
            id="pre-releases of nothing",
        ),
    ],
)
def test_a_key_without_effect_is_a_warning(tmp_path: Path, rule: str, warning: str) -> None:
    """It does no harm, and somebody meant something by it."""
    (found,) = warnings(RULE + rule, tmp_path, requirements_txt="six==1.16.0\n")
    assert warning in found


def test_a_repository_that_versions_are_promoted_to_is_a_warning(tmp_path: Path) -> None:
    """It is to hold what has passed the gates, and nothing else."""
    promotion = (
        "{name: x, packages: /npm/*, from: intake, to: my-repo, require: {origin: internal}}"
    )
    text = f"{RULE}  keep_up_with: /npm/*\npromotions:\n- {promotion}\n"
    (found,) = warnings(text, tmp_path)
    assert found == (
        "3: caches[0].repository: promotions[0] (line 6) promotes to my-repo: nothing should get "
        "there from outside. Fetch into intake, from where it is promoted."
    )


def test_what_a_lock_file_has_from_elsewhere_is_a_warning(tmp_path: Path) -> None:
    """Once for each file, with the first few entries."""
    text = RULE + (
        "  lockfiles: Cargo.lock\n"
        "- {repository: other, lockfiles: [Cargo.lock, requirements.txt]}\n"
    )
    crates = "".join(f'[[package]]\nname = "c{n}"\nversion = "1.0.0"\n' for n in range(5))
    cargo, requirements = warnings(
        text, tmp_path, Cargo_lock=f"version = 4\n{crates}", requirements_txt="# nothing\n"
    )
    where = "is of the workspace itself, or of a path, line"
    assert cargo == (
        "4: caches[0].lockfiles[0]: Cargo.lock lists what no external connection has: c0 1.0.0 "
        f"({where} 2); c1 1.0.0 ({where} 5); c2 1.0.0 ({where} 8); and 2 more. All else that it "
        "lists is fetched; see to it that builds get these elsewhere."
    )
    assert "5: caches[1].lockfiles[1]: requirements.txt lists nothing" in requirements


def test_a_good_rule_has_no_warning(tmp_path: Path) -> None:
    """The one that has every key."""
    assert whole(tmp_path).warnings == []


def test_the_repositories_of_caches_are_named(tmp_path: Path) -> None:
    """So that `policy check --live` can tell those that the domain lacks."""
    named = whole(tmp_path).repositories
    assert [(one.text, one.location) for one in named] == [
        ("DemoRepository", ("caches", 0, "repository")),
        ("other", ("caches", 1, "repository")),
    ]


def test_a_format_that_cannot_come_in_is_a_warning(tmp_path: Path) -> None:
    """Of formats that the rule names: neither lock files in S3 nor /* name one."""
    first, second = whole(tmp_path).caches
    assert first.formats == {"maven", "npm", "pypi", "ruby"}
    assert second.warning([]) is None
    assert first.warning(["ruby", "pypi", "npm", "maven", "cargo"]) is None
    found = first.warning(["maven"])
    assert found is not None
    assert found.line == 3
    assert found.problem.startswith(
        "DemoRepository reaches no external connection for npm and pypi and ruby"
    )
