"""Package-group patterns: which are well-formed, what they match and what they cover."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import group_patterns
from emulator.core.errors import Validation
from emulator.core.group_folding import folded
from emulator.core.group_patterns import parse
from emulator.core.values import Format, PackageId
from tests.functional.emulator.package_groups import NAMES, PACKAGES, patterns


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("/*", id="the root"),
        pytest.param("/npm/*", id="a format"),
        pytest.param("/maven/com.anycompany~", id="a word of the namespace"),
        pytest.param("/npm/space/*", id="a namespace"),
        pytest.param("/npm/space/anycompany-ui~", id="a word of the name"),
        pytest.param("/npm/space/anycompany-*", id="a name up to a hyphen"),
        pytest.param("/npm/any-*", id="a namespace up to a hyphen"),
        pytest.param("/maven/org.apache.logging.log4j/log4j-core$", id="one package"),
        pytest.param("/npm//react$", id="one package without a namespace"),
        pytest.param("/npm//*", id="all packages without a namespace"),
        pytest.param("/pypi//requests~", id="a format that never has a namespace"),
        pytest.param("/generic/werkzeuge/größe~", id="letters beyond ASCII"),
        pytest.param("/generic/tools/क्षि~", id="a word that ends in a mark"),
        pytest.param(f"/npm/{'a' * 254}/{'b' * 259}~", id="520 characters"),
    ],
)
def test_a_well_formed_pattern_is_itself(text: str) -> None:
    """It comes back as it was given."""
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("npm/*", "begin with /", id="no slash at the beginning"),
        pytest.param("/npm/space", "end with", id="no suffix"),
        pytest.param("/", "end with", id="a slash alone"),
        pytest.param("/~", "root pattern", id="a root with another suffix"),
        pytest.param("/npm~", "/npm/*", id="a format without a slash"),
        pytest.param("/npm*", "/npm/*", id="a star right after the format"),
        pytest.param("/python//requests$", "no package format", id="a format that there is not"),
        pytest.param("/NPM/*", "no package format", id="a format in capitals"),
        pytest.param("/npm/space/foo*", "after a word", id="a star after a word"),
        pytest.param("/npm/space/foo9*", "after a word", id="a star after a digit"),
        pytest.param("/npm/space/foo-~", "ends a word", id="a tilde after a hyphen"),
        pytest.param("/npm/space/~", "ends a word", id="a tilde after a slash"),
        pytest.param("/npm/space$", "whole path", id="an exact namespace"),
        pytest.param("/npm/space/$", "whole path", id="an exact name that is empty"),
        pytest.param("/npm/a/b/c$", "no more than", id="four components"),
        pytest.param("/npm/f*o/bar~", "before its end", id="a star in the middle"),
        pytest.param("/npm/f$o/bar~", "before its end", id="a dollar in the middle"),
        pytest.param("/npm/space/a#b~", "before its end", id="a character no name has"),
        pytest.param("/npm/space/a b~", "before its end", id="white space"),
        pytest.param("/pypi/space/requests$", "no namespace", id="a namespace that PyPI has not"),
        pytest.param("/maven//app$", "needs a namespace", id="a name of Maven without its group"),
        pytest.param("/pypi//Requests$", "'requests'", id="a PyPI name in capitals"),
        pytest.param(
            "/pypi//typing_extensions$", "'typing-extensions'", id="an underscore of PyPI"
        ),
        pytest.param(
            "/nuget//Newtonsoft.Json~", "'newtonsoft.json'", id="a NuGet name in capitals"
        ),
        pytest.param("/swift/Mona/*", "'mona'", id="a Swift scope in capitals"),
        pytest.param(f"/npm/{'a' * 254}/{'b' * 260}~", "520", id="521 characters"),
    ],
)
def test_a_malformed_pattern_is_refused_with_its_reason(text: str, problem: str) -> None:
    """The message names the pattern and what is wrong with it."""
    with pytest.raises(Validation) as refused:
        parse(text)
    assert repr(text) in refused.value.message
    assert problem in refused.value.message


def package(path: str) -> PackageId:
    """Return the package of a path."""
    fmt, namespace, name = path[1:].split("/")
    formats: dict[str, Format] = {"npm": "npm", "maven": "maven", "pypi": "pypi"}
    return PackageId(formats[fmt], namespace, name)


@pytest.mark.parametrize(
    ("pattern", "path", "match"),
    [
        pytest.param("/*", "/npm//react", "strong", id="the root matches everything"),
        pytest.param("/npm/*", "/npm//react", "strong", id="a format matches its packages"),
        pytest.param("/npm/*", "/pypi//react", None, id="a format matches no other"),
        pytest.param("/npm//*", "/npm//react", "strong", id="no namespace is one of its own"),
        pytest.param("/npm//*", "/npm/space/react", None, id="no namespace is not any namespace"),
        pytest.param("/npm/space/*", "/npm/space/foo", "strong", id="a namespace"),
        pytest.param("/npm/space/*", "/npm/spaceship/foo", None, id="a namespace, not its prefix"),
        pytest.param("/npm/space/*", "/npm/Space/foo", "weak", id="a namespace in another case"),
        pytest.param("/npm/space/foo~", "/npm/space/foo", "strong", id="a word is itself"),
        pytest.param("/npm/space/foo~", "/npm/space/foo-bar", "strong", id="a word, then others"),
        pytest.param("/npm/space/foo~", "/npm/space/foo_bar", "strong", id="_ is in no word"),
        pytest.param("/npm/space/foo~", "/npm/space/food", None, id="a longer word is another"),
        pytest.param("/npm/space/foo~", "/npm/space/foo9", None, id="a digit goes on with a word"),
        pytest.param("/npm/space/foo~", "/npm/space/foo\u0301", None, id="a mark does so too"),
        pytest.param("/npm/space/foo~", "/npm/space/fo", None, id="a shorter word is another"),
        pytest.param("/npm/space/foo~", "/npm/space/foo%b", "strong", id="% looks like no end"),
        pytest.param("/npm/space/foo~", "/npm/space/foo|b", "strong", id="| looks like an l"),
        pytest.param("/npm/space/foo~", "/npm/space/foo\u200db", "strong", id="a joiner ends it"),
        pytest.param("/npm/space/foob~", "/npm/space/foo\u200db", "weak", id="a joiner inside it"),
        pytest.param("/npm/space/foo-*", "/npm/space/foo-", "strong", id="nothing may follow"),
        pytest.param("/npm/space/foo-*", "/npm/space/foo-b", "strong", id="anything may follow"),
        pytest.param("/npm/space/foo-*", "/npm/space/foo", None, id="the hyphen has to be there"),
        pytest.param("/npm/space/foo-*", "/npm/space/foo.b", "weak", id="or something like it"),
        pytest.param("/npm/space/foo$", "/npm/space/foo", "strong", id="exactly this one"),
        pytest.param("/npm/space/foo$", "/npm/space/foo-bar", None, id="exactly, and no more"),
        pytest.param("/npm/space/foo$", "/npm/space/FOO", "weak", id="this one in capitals"),
        pytest.param("/npm/space/foo~", "/npm/space/Foo-bar", "weak", id="a word by its case"),
        pytest.param("/npm/space/foo-bar$", "/npm/space/foo.bar", "weak", id="a dot for a hyphen"),
        pytest.param("/npm/space/foo-bar$", "/npm/space/foo..bar", "weak", id="two dots for one"),
        pytest.param("/npm/space/foo-bar$", "/npm/space/foo_bar", "weak", id="an underscore"),
        pytest.param("/npm/space/foo-bar$", "/npm/space/foobar", None, id="no separator at all"),
        pytest.param("/npm//lodash$", "/npm//l0dash", "weak", id="a zero for an o"),
        pytest.param("/npm//lodash$", "/npm//1odash", "weak", id="a one for an l"),
        pytest.param("/npm//numpy$", "/npm//nurnpy", "weak", id="rn for an m"),
        pytest.param("/npm//apple~", "/npm//\u0430pple-pie", "weak", id="a Cyrillic a"),
        pytest.param("/npm//react$", "/npm//re\u200bact", "weak", id="a space without a width"),
        pytest.param("/npm//react$", "/npm//preact", None, id="a word that contains it"),
        pytest.param("/npm/a/b$", "/npm/a\u2215b/b", None, id="a slash that is none"),
        pytest.param("/maven/com.anycompany~", "/maven/com.anycompany/app", "strong", id="a group"),
        pytest.param("/maven/com.anycompany~", "/maven/com.anycompany.x/app", "strong", id="below"),
        pytest.param("/maven/com.anycompany~", "/maven/com.anycompanyx/app", None, id="another"),
        pytest.param("/maven/com.anycompany~", "/maven/com-anycompany/app", "weak", id="like it"),
    ],
)
def test_what_a_pattern_matches(pattern: str, path: str, match: str | None) -> None:
    """Strongly by case and word, weakly by what people take for the same, or not at all."""
    found, wanted = parse(pattern), package(path)
    assert found.matches(path) == (match == "strong")
    assert found.matches_loosely(path, group_patterns.folded_path(wanted)) == (match is not None)


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        ("/*", "/npm/*"),
        ("/npm/*", "/npm//*"),
        ("/npm/*", "/npm/space~"),
        ("/npm/space~", "/npm/space/*"),
        ("/npm/space/*", "/npm/space/foo~"),
        ("/npm/space/foo~", "/npm/space/foo$"),
        ("/npm/space/foo~", "/npm/space/foo-*"),
        ("/npm/space/foo-*", "/npm/space/foo-bar$"),
    ],
)
def test_a_wider_pattern_covers_a_narrower_one_and_not_the_reverse(
    wider: str, narrower: str
) -> None:
    """Each step of a ladder, from the root to one package."""
    assert parse(wider).covers(parse(narrower))
    assert not parse(narrower).covers(parse(wider))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("/npm/space/foo~", "/npm/space/food~", id="another word"),
        pytest.param("/npm/space/foo~", "/npm/space/Foo~", id="another case"),
        pytest.param("/npm/space/*", "/npm/spaceship/*", id="another namespace"),
        pytest.param("/npm/space/foo$", "/npm/space/foo-bar$", id="another package"),
    ],
)
def test_patterns_apart_cover_neither(one: str, other: str) -> None:
    """They share no package, strongly."""
    assert not parse(one).covers(parse(other))
    assert not parse(other).covers(parse(one))


@given(patterns(), patterns(), PACKAGES)
def test_what_covers_a_pattern_matches_all_that_it_matches(
    wider: str, narrower: str, found: PackageId
) -> None:
    """A superset of patterns is a superset of packages."""
    path = group_patterns.path(found)
    if parse(wider).covers(parse(narrower)) and parse(narrower).matches(path):
        assert parse(wider).matches(path)


@given(patterns(), PACKAGES)
def test_a_strong_match_begins_like_the_folded_name(pattern: str, found: PackageId) -> None:
    """By the beginning of the folded path, every group is found that a package may be in."""
    if parse(pattern).matches(group_patterns.path(found)):
        assert group_patterns.folded_path(found).startswith(parse(pattern).folded_stem)


@given(NAMES, NAMES)
def test_variations_of_a_name_are_variations_of_one_another(one: str, other: str) -> None:
    """If one package matches the exact pattern of another, so does the other that of the one."""
    first, second = PackageId("npm", "a", one), PackageId("npm", "a", other)
    there, back = (
        parse(f"/npm/a/{exact}$").matches_loosely(
            group_patterns.path(variation), group_patterns.folded_path(variation)
        )
        for exact, variation in ((one, second), (other, first))
    )
    assert there == back


@given(st.text(max_size=8))
def test_folding_twice_is_folding_once(name: str) -> None:
    """What is folded is at rest, in any script; and it is never two components."""
    assert folded(folded(name)) == folded(name)
    assert "/" not in folded(name)
