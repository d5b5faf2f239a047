"""Lock files that a policy names in `integrity`: what is read, and what is wrong with them."""

import hashlib
import json
from pathlib import Path

import pytest

from steward import policy_file
from steward.policy import load
from steward.policy_file import check, compile_policy
from steward.policy_lines import PolicyMistakesError
from steward.promotion_rules import Integrity

ONE, TWO = hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()
REQUIREMENTS = f"urllib3==2.7.1 \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{TWO}\n"


def policy(integrity: str, packages: str = "/pypi/*") -> str:
    """Return a policy of one rule with *integrity*, on line 8."""
    return (
        f"domain: my-company\npromotions:\n- name: x\n  packages: {packages}\n  from: ab\n"
        f"  to: cd\n  require:\n    integrity: {integrity}\n"
    )


def problems(text: str, folder: Path) -> list[str]:
    """Return the mistakes of the policy *text* in *folder*, without the name of the file."""
    file = str(folder / "policy.yaml")
    with pytest.raises(PolicyMistakesError) as refusal:
        compile_policy(text, file)
    return [str(mistake).removeprefix(f"{file}:") for mistake in refusal.value.mistakes]


def test_the_hashes_of_lock_files_are_compiled_into_the_rule(tmp_path: Path) -> None:
    """A function needs no file but the compiled policy."""
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "more.txt").write_text(
        f"urllib3==2.7.1 --hash=sha256:{ONE}\nMy_Lib==1.0 --hash=sha256:{TWO}\n"
    )
    text = policy("[requirements.txt, locks/more.txt]")
    compiled = tmp_path / "policy.json"
    compiled.write_text(compile_policy(text, str(tmp_path / "policy.yaml")))
    (tmp_path / "requirements.txt").unlink()
    (rule,) = load(compiled).promotions
    assert rule.require.integrity == Integrity(
        ("requirements.txt", "locks/more.txt"),
        {
            "pkg:pypi/my-lib@1.0": frozenset({f"SHA-256:{TWO}"}),
            "pkg:pypi/urllib3@2.7.1": frozenset({f"SHA-256:{ONE}", f"SHA-256:{TWO}"}),
        },
    )


def test_another_hash_is_another_policy_and_another_rule(tmp_path: Path) -> None:
    """Also where the policy file itself is the same."""
    file = str(tmp_path / "policy.yaml")
    digests = set()
    for digest in (ONE, TWO):
        (tmp_path / "requirements.txt").write_text(f"urllib3==2.7.1 --hash=sha256:{digest}\n")
        compiled = json.loads(compile_policy(policy("requirements.txt"), file))
        digests |= {compiled["digest"], compiled["promotions"][0]["digest"]}
    assert len(digests) == 4


def test_a_policy_without_lock_files_needs_no_folder() -> None:
    """Its digest is that of the text alone."""
    text = policy("x").replace("integrity: x", "approval: manual")
    compiled = json.loads(check(text, "nowhere/policy.yaml").compiled)
    assert compiled["digest"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("requirements.txt", None, "requirements.txt cannot be read: No such", id="no"),
        pytest.param("requirements.txt", b"\xff\xfe", "requirements.txt is not UTF-8", id="bytes"),
        pytest.param(
            "requirements.txt", b"urllib3==2.7.1 --hash=sha256:12\n", "requirements.txt: ", id="cut"
        ),
        pytest.param("package-lock.json", b"{", "package-lock.json: ", id="half a file"),
        pytest.param("my.lock", b"x", "my.lock: ", id="a kind of file that nobody knows"),
        pytest.param(
            "requirements.txt",
            b"",
            "requirements.txt has no hash of a package of this rule: nothing could pass",
            id="an empty one",
        ),
    ],
)
def test_a_lock_file_that_is_of_no_use_is_a_mistake(
    name: str, content: bytes | None, problem: str, tmp_path: Path
) -> None:
    """On the line that names it."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (found,) = problems(policy(name), tmp_path)
    assert found.startswith(f"8: promotions[0].require.integrity[0]: {problem}"), found


def test_the_lock_file_of_another_format_is_a_mistake(tmp_path: Path) -> None:
    """Nothing could pass: no version of the rule is in it."""
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (found,) = problems(policy("requirements.txt", "/npm/*"), tmp_path)
    assert "has no hash of a package of this rule" in found


@pytest.mark.parametrize("name", ["requirements.txt", "locks/requirements.txt"])
def test_a_link_does_not_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    """What a policy is built from is reviewed with it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "requirements.txt").write_text(REQUIREMENTS)
    folder = tmp_path / "policy"
    folder.mkdir()
    first = name.partition("/")[0]
    target = tmp_path / "elsewhere" / ("requirements.txt" if first == name else "")
    (folder / first).symlink_to(target)
    (found,) = problems(policy(name), folder)
    assert f"{name} leads out of the folder of the policy file" in found


def test_a_loop_of_links_and_a_folder_are_no_files(tmp_path: Path) -> None:
    """Mistakes, not tracebacks."""
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "folder.txt").mkdir()
    for name in ("loop.txt", "folder.txt"):
        (found,) = problems(policy(name), tmp_path)
        assert f"{name} cannot be read" in found


def test_the_build_finds_the_lock_file_beside_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs in another folder, with the path of the policy file."""
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "policy.yaml").write_text(policy("requirements.txt"))
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    monkeypatch.chdir(tmp_path)
    assert policy_file.main(["policy/policy.yaml"]) == 0
    assert f"SHA-256:{ONE}" in capsys.readouterr().out
