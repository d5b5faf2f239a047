"""Package-group patterns: what they match, which is the most specific, and which are impossible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.errors import PatternError
from steward.patterns import Pattern, parse


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        pytest.param("/*", "/npm//react", True, id="the root pattern matches everything"),
        pytest.param("/npm/*", "/npm/space/ui", True, id="a format: any namespace"),
        pytest.param("/npm/*", "/npm//react", True, id="a format: no namespace"),
        pytest.param("/npm/*", "/maven/a/b", False, id="a format: not another one"),
        pytest.param("/npm/space/*", "/npm/space/ui", True, id="a namespace"),
        pytest.param("/npm/space/*", "/npm/spaceship/ui", False, id="a namespace is complete"),
        pytest.param("/npm//*", "/npm//react", True, id="unscoped packages"),
        pytest.param("/npm//*", "/npm/space/ui", False, id="unscoped packages only"),
        pytest.param("/maven/com.anycompany~", "/maven/com.anycompany/x", True, id="the word"),
        pytest.param("/maven/com.anycompany~", "/maven/com.anycompany.a/x", True, id="and below"),
        pytest.param("/maven/com.anycompany~", "/maven/com.anycompanyx/x", False, id="a new word"),
        pytest.param("/npm/space/foo~", "/npm/space/foo", True, id="a word that is the name"),
        pytest.param("/npm/space/foo~", "/npm/space/foo-bar", True, id="a word before a dash"),
        pytest.param("/npm/space/foo~", "/npm/space/foo_bar", True, id="a word before a line"),
        pytest.param("/npm/space/foo~", "/npm/space/food", False, id="food is another word"),
        pytest.param("/npm/space/foo~", "/npm/space/foo1", False, id="digits belong to a word"),
        pytest.param("/npm/space/foo~", "/npm/space/fooé", False, id="so do other letters"),
        pytest.param("/npm/space/foo~", "/npm/space/foo\u0301", False, id="and marks"),
        pytest.param("/npm/space/foo-*", "/npm/space/foo-bar", True, id="* after a dash"),
        pytest.param("/npm/space/foo-*", "/npm/space/foo", False, id="* after a dash needs it"),
        pytest.param("/npm//react$", "/npm//react", True, id="exactly"),
        pytest.param("/npm//react$", "/npm//react-dom", False, id="exactly, not a prefix"),
        pytest.param("/npm//React$", "/npm//react", False, id="case matters"),
    ],
)
def test_matches(pattern: str, path: str, *, expected: bool) -> None:
    """The examples of the User Guide, and what lies next to them."""
    assert parse(pattern).matches(path) is expected


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        pytest.param("", "Write /format/namespace/name", id="nothing"),
        pytest.param("maven/*", "Write /format/namespace/name", id="no slash at the start"),
        pytest.param("/maven/com.mycompany", "End it with", id="no suffix"),
        pytest.param("/maven/com.*.app~", "only at the end", id="a star in the middle"),
        pytest.param("/maven/com .app~", "white space", id="a blank"),
        pytest.param("/npm/my#company/*", "#, white space", id="a sign that no name has"),
        pytest.param("/conda/*", "Write one of npm", id="an unknown format"),
        pytest.param("/python//requests~", "Write one of npm", id="python is called pypi"),
        pytest.param("/maven~", "Write /maven/*", id="the format as a prefix"),
        pytest.param("/maven/a/b/c$", "at most", id="too many parts"),
        pytest.param("/maven/com.mycompany*", "Write /maven/com.mycompany~", id="* after a word"),
        pytest.param("/maven/com.~", "Write /maven/com.*", id="~ after no word"),
        pytest.param("/maven/com.mycompany$", "namespace/name$", id="$ after a namespace"),
        pytest.param("/maven/com.mycompany/$", "namespace/name$", id="$ without a name"),
        pytest.param("/maven//app$", "/maven/namespace/app$", id="Maven without a namespace"),
        pytest.param("/pypi/requests~", "Write /pypi//requests~", id="PyPI with a namespace"),
        pytest.param("/pypi/My_Lib", "Write /pypi//my-lib~ (what", id="PyPI without a suffix"),
        pytest.param("/pypi/acme-", "End it with", id="PyPI with a name that ends in no word"),
        pytest.param("/npm/react", "End it with", id="npm without a suffix"),
        pytest.param("/pypi/requests$", "Write /pypi//requests$.", id="PyPI with a slash too few"),
        pytest.param("/npm/react$", "Write /npm//react$, or", id="npm with a slash too few"),
        pytest.param("/pypi/requests*", "Write /pypi//requests~.", id="a * after PyPI's word"),
        pytest.param("/pypi/requests/*", "Write /pypi//requests~.", id="PyPI as a folder"),
        pytest.param("/pypi/x/requests$", "Write /pypi//requests$", id="PyPI with both"),
        pytest.param("/pypi//My_Lib$", "Write /pypi//my-lib$", id="PyPI stores other names"),
        pytest.param("/nuget//MyLib~", "Write /nuget//mylib~", id="a NuGet name likewise"),
        pytest.param("/swift/MyScope~", "Write /swift/myscope~", id="a Swift scope likewise"),
        pytest.param("/swift/MyScope/Lib$", "Write /swift/myscope/lib$", id="and scope and name"),
        pytest.param("/npm/@mycompany/*", "Write /npm/mycompany/*.", id="a scope with its @"),
        pytest.param("/npm/@mycompany~", "Write /npm/mycompany~.", id="scopes with their @"),
        pytest.param("/npm/@mycompany/ui$", "Write /npm/mycompany/ui$.", id="a scoped package"),
        pytest.param("/npm//@mycompany~", "Write /npm/mycompany~.", id="a scope for a name"),
        pytest.param("/npm//@mycompany$", "Write /npm/mycompany/*.", id="a scope that is no name"),
        pytest.param("/npm/@*", "Write /npm/*.", id="every scope"),
        pytest.param(f"/npm//{'x' * 600}$", "520", id="longer than a pattern can be"),
    ],
)
def test_impossible_patterns_are_refused_with_advice(pattern: str, advice: str) -> None:
    """Each mistake says what to write instead."""
    with pytest.raises(PatternError) as refusal:
        parse(pattern)
    assert advice in refusal.value.remedy


def is_possible(text: str) -> bool:
    """Return whether a package could match *text*."""
    try:
        parse(text)
    except PatternError:
        return False
    return True


WORDS = st.sampled_from(["a", "ab", "a-b", "a.b", "ab.c", ""])
PATHS = st.builds(lambda namespace, name: f"/npm/{namespace}/{name}", WORDS, WORDS.filter(bool))
STEMS = st.one_of(PATHS, PATHS.map(lambda path: path.rpartition("/")[0]), st.just("/npm"))
PATTERNS = (
    st.builds(
        lambda stem, suffix: stem + suffix, STEMS, st.sampled_from(["$", "~", "/*", "-*", ".*"])
    )
    .filter(is_possible)
    .map(parse)
)


@given(one=PATTERNS, other=PATTERNS, path=PATHS)
def test_the_narrower_of_two_patterns_that_share_a_package_is_the_more_specific(
    one: Pattern, other: Pattern, path: str
) -> None:
    """Only equal patterns are equally specific: each package has one most specific group."""
    if one.matches(path) and other.matches(path) and one != other:
        assert one.covers(other) != other.covers(one)
        assert one.covers(other) == (one.specificity < other.specificity)


@given(wide=PATTERNS, narrow=PATTERNS, path=PATHS)
def test_a_pattern_that_covers_another_matches_all_of_its_packages(
    wide: Pattern, narrow: Pattern, path: str
) -> None:
    """`covers` never claims too much, and two patterns that share a package cover one another."""
    if wide.covers(narrow) and narrow.matches(path):
        assert wide.matches(path)
    if wide.matches(path) and narrow.matches(path):
        assert wide.covers(narrow) or narrow.covers(wide)
