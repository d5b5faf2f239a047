"""
Lock files of Maven, Gradle, NuGet, Cargo and Bundler: what they name, and what is passed over.

The files of Maven 3.8.7 (dependency plugin 3.5.0), Cargo 1.95 and Bundler 2.3 are their own work,
with other hosts and folders in place of those of the machine. Those of Gradle and NuGet, and the
checksums of Bundler 2.6, are written after their documentation.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.lockfiles import Lockfile, LockfileError, read

FOLDER = Path(__file__).parent / "lockfiles"
INDEX = "registry+https://registry.example/rust-lang/crates-io-index"
LISTED = {
    "pkg:maven/org.slf4j/slf4j-api@2.0.9": set(),
    "pkg:maven/junit/junit@4.13.2": set(),
    "pkg:maven/io.netty/netty-transport-native-epoll@4.1.100.Final": {
        "netty-transport-native-epoll-4.1.100.Final-linux-x86_64.jar"
    },
    "pkg:maven/com.mycompany/parts@2.1": {"parts-2.1-tests.jar"},
    "pkg:maven/com.mycompany/site@2.0": {"site-2.0.war"},
    "pkg:maven/org.example/bom-like@3.0": set(),
}
NOT_LISTED = [
    ("com.mycompany:lib:jar:1.0-SNAPSHOT", "is a snapshot"),
    ("com.sun:tools:jar:1.8", "comes from a path of the machine"),
]


def lockfile(name: str) -> Lockfile:
    """Return what the file *name* says."""
    return read(name, (FOLDER / name).read_text(encoding="utf-8"))


def files_of(found: Lockfile) -> dict[str, set[str]]:
    """Return the entries, each with its files."""
    return {entry.purl: set(entry.files) for entry in found.entries}


def passed_over(found: Lockfile) -> list[tuple[str, str]]:
    """Return what is passed over, and why."""
    return [(one.what, one.reason) for one in found.passed_over]


@pytest.mark.parametrize("name", ["maven-list.txt", "maven-log.txt", "maven-list-with-files.txt"])
def test_what_maven_lists_is_read_from_a_file_and_from_a_log(name: str) -> None:
    """Classifiers and types are files; the scope, modules and paths are left out."""
    found = lockfile(name)
    assert files_of(found) == LISTED
    assert [
        (":".join(what.split(":")[:4]), reason) for what, reason in passed_over(found)
    ] == NOT_LISTED


def test_a_log_in_colours_is_one_of_maven() -> None:
    """Maven writes them where its output goes to a file, too, if it is told to."""
    level, off = "[\x1b[1;34mINFO\x1b[m]", "\x1b[m"
    found = read("x.txt", f"{level}    a.b:c:jar:1.0:compile\x1b[36m -- module c{off}\r\n")
    assert [(entry.purl, entry.line) for entry in found.entries] == [("pkg:maven/a.b/c@1.0", 1)]


def test_each_entry_of_maven_has_its_line() -> None:
    """A message leads to it."""
    lines = (FOLDER / "maven-log.txt").read_text().split("\n")
    found = read("maven-log.txt", "\n".join(lines))
    assert found.entries
    for entry in found.entries:
        assert entry.line is not None
        assert f"{entry.namespace}:{entry.name}:" in lines[entry.line - 1]


def test_plugins_of_maven_and_what_they_need_are_read() -> None:
    """A plugin is listed twice, with its type and as its file: it is one entry, and a jar."""
    assert files_of(lockfile("maven-plugins.txt")) == {
        "pkg:maven/org.apache.maven.plugins/maven-install-plugin@2.4": set(),
        "pkg:maven/org.apache.maven.plugins/maven-deploy-plugin@2.7": set(),
        "pkg:maven/org.slf4j/slf4j-api@2.0.9": set(),
        "pkg:maven/org.apache.maven.plugins/maven-site-plugin@3.3": set(),
        "pkg:maven/org.apache.maven.plugins/maven-clean-plugin@2.5": set(),
    }


def test_a_classifier_without_a_scope_is_one() -> None:
    """Plugins' dependencies are listed without scope."""
    found = read("x.txt", "   org.example:a:jar:linux:1.0\n   org.example:b:jar:2.0\n")
    assert files_of(found) == {
        "pkg:maven/org.example/a@1.0": {"a-1.0-linux.jar"},
        "pkg:maven/org.example/b@2.0": set(),
    }


def test_files_of_several_classifiers_are_one_entry() -> None:
    """CodeArtifact has them as assets of one version."""
    text = "  org.example:a:jar:linux:1.0:runtime\n  org.example:a:jar:osx:1.0:runtime\n"
    assert files_of(read("x.txt", text)) == {
        "pkg:maven/org.example/a@1.0": {"a-1.0-linux.jar", "a-1.0-osx.jar"}
    }


def test_a_build_of_a_snapshot_is_passed_over() -> None:
    """Snapshots never come through external connections."""
    found = read("x.txt", "  org.example:a:jar:1.0-20260301.101500-7:compile\n")
    assert not found.entries
    assert [reason for _, reason in passed_over(found)] == ["is a snapshot"]
    assert [one.purl for one in found.snapshots] == [
        "pkg:maven/org.example/a@1.0-20260301.101500-7"
    ]


def test_a_list_of_a_failed_build_is_of_no_use() -> None:
    """Maven stopped somewhere, and says so."""
    text = "[INFO]    org.example:a:jar:1.0:compile\n[INFO] BUILD FAILURE\n"
    with pytest.raises(LockfileError, match="line 2: Maven's build failed"):
        read("x.txt", text)


def test_gradle_locks_modules() -> None:
    """Whatever the configurations; a snapshot is passed over."""
    found = lockfile("gradle.lockfile")
    assert [(entry.purl, entry.line) for entry in found.entries] == [
        ("pkg:maven/com.google.guava/failureaccess@1.0.2", 4),
        ("pkg:maven/com.google.guava/guava@33.2.1-jre", 5),
        (
            "pkg:maven/com.google.guava/listenablefuture@9999.0-empty-to-avoid-conflict-with-guava",
            6,
        ),
        ("pkg:maven/org.junit.jupiter/junit-jupiter-api@5.10.3", 8),
    ]
    assert passed_over(found) == [("com.mycompany:lib:1.0-SNAPSHOT", "is a snapshot")]
    assert [one.purl for one in found.snapshots] == ["pkg:maven/com.mycompany/lib@1.0-SNAPSHOT"]


def test_a_lock_file_of_gradle_that_may_be_cut_is_reported() -> None:
    """Its last line is always there; all the others count."""
    whole = (FOLDER / "gradle.lockfile").read_text()
    found = read("gradle.lockfile", whole[: whole.index("org.junit") + 9])
    assert len(found.entries) == 3
    assert passed_over(found)[-2:] == [
        ("org.junit", "is no line of group:module:version=configurations"),
        ("the end of the file", "lacks the line empty=, and may be cut"),
    ]


def test_a_project_without_dependencies_has_a_lock_file_of_gradle() -> None:
    """It is whole, and names nothing."""
    assert read("gradle.lockfile", "# generated\nempty=classpath\n") == Lockfile(())


@pytest.mark.parametrize("of", ["", "buildscript-", "settings-"])
def test_gradle_locks_what_its_scripts_need_in_files_of_their_own(of: str) -> None:
    """Plugins, say."""
    found = read(f"{of}gradle.lockfile", "a.b:c:1.0=classpath\nempty=\n")
    assert [entry.purl for entry in found.entries] == ["pkg:maven/a.b/c@1.0"]


def test_components_that_gradle_verifies_have_the_lines_of_their_own() -> None:
    """Unless one of them seems to stand in a comment: then nobody knows."""
    components = "".join(f'<component group="g" name="{one}" version="1"/>\n' for one in "ab")
    text = f"<verification-metadata>\n{components}</verification-metadata>"
    commented = text.replace("\n", "\n<!-- <component /> -->\n", 1)
    for content, lines in ((text, [2, 3]), (commented, [None, None])):
        found = read("verification-metadata.xml", content)
        assert [entry.line for entry in found.entries] == lines


def test_nuget_resolves_packages_without_comparable_hashes() -> None:
    """Several frameworks name one version once; projects are passed over."""
    found = lockfile("packages.lock.json")
    assert [(entry.purl, entry.line) for entry in found.entries] == [
        ("pkg:nuget/microsoft.extensions.logging.abstractions@8.0.1", 5),
        ("pkg:nuget/newtonsoft.json@13.0.3", 14),
        ("pkg:nuget/microsoft.extensions.dependencyinjection.abstractions@8.0.1", 20),
    ]
    assert not any(entry.hashes for entry in found.entries)
    assert passed_over(found) == [("mycompany.core", "is a project of the solution")]


def test_what_a_component_holds_of_another_is_not_its_own() -> None:
    """No file of Gradle's has that; a made one could take the square of its length to read."""
    artifact = f'<artifact name="b-1.jar"><sha256 value="{"a" * 64}"/></artifact>'
    inner = f'<component group="g" name="b" version="1">{artifact}</component>'
    outer = f'<component group="g" name="a" version="1">{inner}</component>'
    text = f"<verification-metadata>{outer}</verification-metadata>"
    found = read("verification-metadata.xml", text)
    assert {entry.name: len(entry.hashes) for entry in found.entries} == {"a": 0, "b": 1}


def test_an_entry_of_nuget_stands_behind_those_that_need_it() -> None:
    """Their dependencies name it, too."""
    text = """{"version": 1, "dependencies": {"net8.0": {
      "A": {"resolved": "1.0.0", "dependencies": {
        "B": "2.0.0"
      }},
      "B": {"resolved": "2.0.0"}}}}"""
    found = read("packages.lock.json", text)
    assert [(entry.name, entry.line) for entry in found.entries] == [("a", 2), ("b", 5)]


def test_entries_of_nuget_that_are_none_are_passed_over() -> None:
    """The others are read."""
    text = (
        '{"version": 1, "dependencies": {"net8.0": {"A": {"type": "Direct"}, "B": 7,\n'
        '"C": {"type": "Direct", "resolved": "1.0.0"}, "D/..": {"resolved": "1.0.0"}},\n'
        '"net9.0": []}}'
    )
    found = read("packages.lock.json", text)
    assert [entry.purl for entry in found.entries] == ["pkg:nuget/c@1.0.0"]
    assert [what for what, _ in passed_over(found)] == ["A", "B", "D/.. 1.0.0", "net9.0"]


def test_cargo_locks_crates_of_the_default_registry() -> None:
    """With their hashes; Git, the workspace and its paths are passed over."""
    found = lockfile("Cargo.lock")
    assert [(entry.purl, entry.line) for entry in found.entries] == [
        ("pkg:cargo/itoa@0.4.8", 20),
        ("pkg:cargo/itoa@1.0.11", 26),
        ("pkg:cargo/ryu@1.0.18", 32),
        ("pkg:cargo/serde_json@1.0.128", 38),
    ]
    assert found.entries[0].hashes == {
        "SHA-256:6b300d0f2572bd685e76773e0c9a1c5f8431a370f95ad99f9f0fdafcbd8e67e0"
    }
    assert passed_over(found) == [
        ("app 0.1.0", "is of the workspace itself, or of a path"),
        ("from-git 0.3.0", "comes from Git"),
        ("tool 0.1.0", "is of the workspace itself, or of a path"),
    ]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("registry+https://gems.example/index", "comes from another", id="registry"),
        pytest.param("sparse+https://registry.example/", "comes from another", id="sparse"),
        pytest.param("sparse+https://d-0.example/cargo/my-repo/", None, id="CodeArtifact"),
        pytest.param("sparse+http://127.0.0.1:4566/cargo/d/a-0/my-repo/", None, id="VPC endpoint"),
        pytest.param(INDEX, None, id="the default"),
        pytest.param(INDEX + "-of-ours", "comes from another", id="almost the default"),
    ],
)
def test_only_known_registries_of_cargo_count(source: str, reason: str | None) -> None:
    """A crate of somebody's own registry is not looked for in the public one."""
    text = f'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "{source}"\n'
    found = read("Cargo.lock", text)
    if reason is None:
        assert [entry.purl for entry in found.entries] == ["pkg:cargo/a@1.0.0"]
    else:
        assert passed_over(found) == [("a 1.0.0", "comes from another registry")]


def test_the_first_version_of_cargo_has_its_hashes_elsewhere() -> None:
    """In a table at the end of the file."""
    text = (
        f'[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "{INDEX}"\n\n[metadata]\n'
        f'"checksum a 1.0.0 ({INDEX})" = "{"a" * 64}"\n'
    )
    [entry] = read("Cargo.lock", text).entries
    assert entry.hashes == {f"SHA-256:{'a' * 64}"}


def test_bundler_locks_gems() -> None:
    """A gem of a platform has it in its version, and its file; Git and paths are passed over."""
    found = lockfile("Gemfile.lock")
    assert files_of(found) == {
        "pkg:gem/nokogiri@1.16.0": set(),
        "pkg:gem/nokogiri@1.16.0-arm64-darwin": {"nokogiri-1.16.0-arm64-darwin.gem"},
        "pkg:gem/nokogiri@1.16.0-x86_64-linux": {"nokogiri-1.16.0-x86_64-linux.gem"},
        "pkg:gem/racc@1.7.3": set(),
        "pkg:gem/rails@7.1.0.rc1": set(),
        "pkg:gem/rake@13.1.0": set(),
    }
    assert passed_over(found) == [
        ("gitgem 0.1", "comes from Git"),
        ("pathgem 0.2", "comes from a path"),
    ]


def test_checksums_of_bundler_are_those_of_the_gems() -> None:
    """And of two gem servers that of the most gems counts: the other is somebody's own."""
    found = lockfile("gems.locked")
    assert {entry.purl: set(entry.hashes) for entry in found.entries} == {
        "pkg:gem/nokogiri@1.16.0-x86_64-linux": {f"SHA-256:{'2' * 64}"},
        "pkg:gem/racc@1.7.3": {f"SHA-256:{'3' * 64}"},
        "pkg:gem/rake@13.1.0": set(),
    }
    assert passed_over(found) == [
        ("mycompany-core 2.0.0", "comes from another gem server than most")
    ]


def test_a_lock_file_of_bundler_that_may_be_cut_is_reported() -> None:
    """The gems before the cut count; half a gem is none."""
    whole = (FOLDER / "Gemfile.lock").read_text()
    found = read("Gemfile.lock", whole[: whole.index("rails (7.1") + 9])
    assert len(found.entries) == 4
    assert passed_over(found)[-2:] == [
        ("rails (7.", "is no line of a gem and its version"),
        ("the end of the file", "lacks the section DEPENDENCIES, and may be cut"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        pytest.param("Cargo.lock", "version = 5\n", "none of 1 to 4: 5", id="a new Cargo"),
        pytest.param("Cargo.lock", "version = true\n", "none of 1 to 4", id="no version of Cargo"),
        pytest.param("Cargo.lock", "[[package]\n", "line 1: it is no TOML", id="a cut Cargo.lock"),
        pytest.param("Cargo.lock", "", "it has no packages", id="an empty Cargo.lock"),
        pytest.param("Cargo.lock", "package = 7\n", "are no tables", id="packages of Cargo"),
        pytest.param("packages.lock.json", '{"version": 3}', "no version 1 or 2", id="a new NuGet"),
        pytest.param("packages.lock.json", '{"version": 1}', "no dependencies", id="half of NuGet"),
        pytest.param("packages.lock.json", '{"version": 1,', "it is no JSON", id="a cut NuGet"),
        pytest.param("packages.lock.json", "[]", "it is no JSON object", id="a list for NuGet"),
        pytest.param("Gemfile.lock", "source 'x'\n", "no lock file of Bundler", id="a Gemfile"),
        pytest.param("Gemfile.lock", "", "no lock file of Bundler", id="an empty Gemfile.lock"),
        pytest.param("gradle.lockfile", "plugins {\n", "no lock file of Gradle", id="a script"),
        pytest.param(
            "gradle.lockfile", "a:b:1=x\n<<<<<<< ours\n", "line 2: a merge", id="a merge conflict"
        ),
    ],
)
def test_a_file_of_no_use_is_refused(name: str, text: str, problem: str) -> None:
    """With the reason, and the line if there is one."""
    with pytest.raises(LockfileError, match=problem):
        read(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("x.txt", "  org.example:..:jar:1.0:compile\n  a.b:c:jar:1.0:test\n", id="mvn"),
        pytest.param("gradle.lockfile", "a:b:..=x\na.b:c:1.0=x\nempty=\n", id="Gradle"),
        pytest.param(
            "Cargo.lock",
            f'[[package]]\nname = "../a"\nversion = "1.0.0"\nsource = "{INDEX}"\n'
            f'[[package]]\nname = "b"\nversion = "1.0.0"\nsource = "{INDEX}"\n',
            id="Cargo",
        ),
        pytest.param(
            "Gemfile.lock",
            "GEM\n  specs:\n    ../a (1.0)\n    b (1.0)\n\nDEPENDENCIES\n",
            id="Bundler",
        ),
    ],
)
def test_a_name_that_would_leave_the_path_is_passed_over(name: str, text: str) -> None:
    """The entries beside it count."""
    found = read(name, text)
    assert len(found.entries) == 1
    assert [one.reason for one in found.passed_over if "no package can have" in one.reason]


def test_a_hash_that_is_cut_is_damage() -> None:
    """Nothing is compared with half a hash."""
    text = (
        f'version = 4\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "{INDEX}"\n'
        'checksum = "abc"\n'
    )
    found = read("Cargo.lock", text)
    assert not found.entries
    assert len(found.damage) == 1


@pytest.mark.parametrize(
    "name",
    ["maven-log.txt", "gradle.lockfile", "packages.lock.json", "Cargo.lock", "Gemfile.lock"],
)
def test_a_byte_order_mark_and_other_ends_of_lines_change_nothing(name: str) -> None:
    """Editors of Windows write them."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert read(name, "\ufeff" + text.replace("\n", "\r\n")) == read(name, text)


@pytest.mark.parametrize(
    "name", ["maven-list.txt", "gradle.lockfile", "packages.lock.json", "Cargo.lock", "gems.locked"]
)
@given(data=st.data())
def test_wherever_a_file_is_cut_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """And what is read of it is what the whole one says, but for the line of the cut."""
    whole = (FOLDER / name).read_text(encoding="utf-8")
    known = {entry.purl for entry in read(name, whole).entries}
    end = data.draw(st.integers(0, len(whole)))
    try:
        found = read(name, whole[:end])
    except LockfileError:
        return
    strange = [entry.purl for entry in found.entries if entry.purl not in known]
    assert len(strange) <= 1


@pytest.mark.parametrize(
    "name", ["x.txt", "gradle.lockfile", "packages.lock.json", "Cargo.lock", "Gemfile.lock"]
)
@given(text=st.text(max_size=200))
def test_no_text_breaks_a_reader(name: str, text: str) -> None:
    """It is a lock file, or it is refused."""
    try:
        found = read(name, f" a.b:c:jar:1:test\n{text}" if name == "x.txt" else text)
    except LockfileError:
        return
    assert all(entry.version for entry in found.entries)
