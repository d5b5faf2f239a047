"""What a POM cannot be read without."""

from __future__ import annotations

import pytest

from warm_caches import poms
from warm_caches.fetches import Needed
from warm_caches.poms import Needs, Pom

PARENT: Needed = ("org.p", "parent", "7")
NAMESPACE = b'<project xmlns="http://of.a.test/POM/4.0.0">'


def pom(body: str, *, namespace: bool = True) -> Pom:
    """Return what a POM with *body* says."""
    begin = NAMESPACE if namespace else b"<project>"
    found = poms.read(begin + body.encode() + b"</project>")
    assert found is not None
    return found


def coordinates(group: str, name: str, version: str) -> str:
    """Return coordinates as XML."""
    return (
        f"<groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>\n  {version}\n</version>"
    )


def imports(group: str, name: str, version: str, *, scope: str = "import", of: str = "pom") -> str:
    """Return a managed dependency, a BOM that is imported unless told otherwise."""
    return (
        "<dependencyManagement><dependencies><!-- a comment --><dependency>"
        f"{coordinates(group, name, version)}<type>{of}</type><scope>{scope}</scope>"
        "</dependency></dependencies></dependencyManagement>"
    )


OWN = coordinates("org.a", "a", "1.2")
WITH_PARENT = f"<parent>{coordinates(*PARENT)}</parent><artifactId>a</artifactId>"


def properties(**values: str) -> str:
    """Return properties as XML; a dot in a name is written as two underscores."""
    lines = (f"<{n.replace('__', '.')}>{v}</{n.replace('__', '.')}>" for n, v in values.items())
    return f"<properties>{''.join(lines)}</properties>"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(OWN, (), id="nothing"),
        pytest.param(WITH_PARENT, (PARENT,), id="a parent"),
        pytest.param(OWN + imports("g", "b", "3"), (("g", "b", "3"),), id="a BOM"),
        pytest.param(
            WITH_PARENT + imports("g", "b", "3"), (PARENT, ("g", "b", "3")), id="both, parent first"
        ),
        pytest.param(OWN + imports("g", "b", "3", scope="compile"), (), id="no import"),
        pytest.param(OWN + imports("g", "b", "3", of="jar"), (), id="no POM"),
        pytest.param(
            OWN + imports("${project.groupId}", "b", "${project.version}"),
            (("org.a", "b", "1.2"),),
            id="of its own group and version",
        ),
        pytest.param(
            WITH_PARENT + imports("${pom.groupId}", "b", "${version}"),
            (PARENT, ("org.p", "b", "7")),
            id="of what it inherits, by old names",
        ),
        pytest.param(
            WITH_PARENT + imports("g", "b", "${project.parent.version}"),
            (PARENT, ("g", "b", "7")),
            id="of its parent's version",
        ),
        pytest.param(
            OWN + properties(b__v="${m}.${n}", m="3", n="4") + imports("g", "b", "${b.v}-x"),
            (("g", "b", "3.4-x"),),
            id="properties in properties",
        ),
        pytest.param(OWN + imports("g", "b", "[1,2)"), (), id="a range is not guessed"),
        pytest.param(OWN + imports("g", "b", "3-SNAPSHOT"), (), id="nor a snapshot"),
        pytest.param(OWN + imports("g", "..", "3"), (), id="nor what leaves the path"),
        pytest.param(OWN + imports("g/h", "b", "3"), (), id="nor a group with a slash"),
        pytest.param(OWN + imports("g", "b", ""), (), id="nor what has no version"),
        pytest.param(
            f"<parent>{coordinates('org.p', 'p', '${revision}')}</parent>",
            (),
            id="nor a parent with properties",
        ),
        pytest.param(
            "<profiles><profile>" + imports("g", "b", "3") + "</profile></profiles>",
            (),
            id="nor profiles",
        ),
    ],
)
@pytest.mark.parametrize("namespace", [True, False], ids=["with Maven's namespace", "without one"])
def test_a_pom_needs_its_parent_and_the_boms_that_it_imports(
    body: str,
    found: tuple[Needed, ...],
    namespace: bool,  # noqa: FBT001  a column of the table
) -> None:
    """With the properties of the POM alone; nothing is left open."""
    assert poms.needs(pom(body, namespace=namespace)) == Needs(found, open=False)


def test_what_its_parents_say_replaces_what_it_leaves_open() -> None:
    """The nearest one first; what the POM says itself comes before."""
    own = pom(WITH_PARENT + properties(a="1") + imports("g", "b", "${a}.${b}.${c}"))
    parent = pom(properties(a="9", b="2"))
    grandparent = pom(properties(b="9", c="3"))
    assert poms.needs(own).open
    assert poms.needs(own, [parent]).open
    needs = poms.needs(own, [parent, grandparent])
    assert needs == Needs((PARENT, ("g", "b", "1.2.3")), open=False)


def test_its_own_coordinates_are_not_its_parents() -> None:
    """A parent's version is another one."""
    own = pom(OWN + imports("g", "b", "${project.version}.${b}"))
    parent = pom(coordinates("org.p", "p", "7") + properties(b="0"))
    assert poms.needs(own, [parent]).found == (("g", "b", "1.2.0"),)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"a": "${a}"}, id="of itself"),
        pytest.param({"a": "${b}", "b": "${a}"}, id="of two"),
        pytest.param({"a": "x${a}"}, id="that grows"),
        pytest.param(
            {"a": "${b}" * 99}
            | {c: f"${{{chr(ord(c) + 1)}}}" * 99 for c in "bcdefgh"}
            | {"i": "x"},
            id="that multiplies",
        ),
    ],
)
def test_a_circle_of_properties_is_left_open(values: dict[str, str]) -> None:
    """It ends after some replacements."""
    needs = poms.needs(pom(OWN + properties(**values) + imports("g", "b", "${a}")))
    assert needs == Needs((), open=True)


@pytest.mark.parametrize(
    ("packaging", "extension"),
    [
        ("", "jar"),
        ("<packaging>jar</packaging>", "jar"),
        ("<packaging>maven-plugin</packaging>", "jar"),
        ("<packaging>bundle</packaging>", "jar"),
        ("<packaging>../../x</packaging>", "jar"),
        ("<packaging>war</packaging>", "war"),
        ("<packaging> aar </packaging>", "aar"),
        ("<packaging>pom</packaging>", None),
    ],
)
def test_the_main_file_is_called_by_the_packaging(packaging: str, extension: str | None) -> None:
    """Most are jars."""
    assert pom(OWN + packaging).main_extension == extension


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><project>&b;</project>'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<project>", id="broken off"),
        pytest.param(b"<html></html>", id="another document"),
        pytest.param(b"\x00\x01", id="no text"),
        pytest.param(b'<?xml version="1.0" encoding="nonsense"?><project/>', id="no encoding"),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?><project/>', id="another encoding"),
        pytest.param(b"<project>\xff</project>", id="no UTF-8"),
        pytest.param(BOMB, id="entities of its own"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]><project>&a;</project>',
            id="entities from elsewhere",
        ),
        pytest.param(b"<project>&nbsp;</project>", id="an entity that nobody declared"),
    ],
)
def test_what_is_no_pom_is_not_read(content: bytes) -> None:
    """Nor is a list of versions."""
    assert poms.read(content) is None
    if b"html" not in content:
        assert poms.versions_in(content) is None


def test_deep_nesting_is_read() -> None:
    """A megabyte of opening tags is no reason to fail."""
    depth = 60_000
    assert poms.read(b"<project>" + b"<a>" * depth + b"</a>" * depth + b"</project>") is not None


def test_a_list_of_versions_is_read_in_its_order() -> None:
    """Each once."""
    metadata = (
        b"<metadata><versioning><release>2</release><versions><version>1</version>"
        b"<version>2</version><version> 1 </version><version/></versions></versioning></metadata>"
    )
    assert poms.versions_in(metadata) == ("1", "2")
    assert poms.versions_in(b"<metadata/>") == ()
