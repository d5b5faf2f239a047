"""What the answers of endpoints mean, and when they are asked again."""

from __future__ import annotations

import pytest

from tests.unit.asked_endpoint import (
    REQUESTS,
    SDIST,
    Asked,
    listed,
    of,
    page,
)
from tests.unit.prepared_streams import (
    MISSING,
    Reply,
    Request,
    asset,
)
from warm_caches.fetching import Fetch, FetchedFile
from warm_caches.values import WantedVersion


@pytest.mark.parametrize(
    ("reply", "state", "status"),
    [
        pytest.param(MISSING, "not found", 404, id="404"),
        pytest.param(None, "no answer", None, id="nothing"),
        pytest.param(Reply(500), "no answer", 500, id="500"),
        pytest.param(Reply(503), "no answer", 503, id="503"),
        pytest.param(Reply(403), "refused", 403, id="403"),
        pytest.param(Reply(400), "refused", 400, id="400"),
        pytest.param(Reply(302), "asked", 302, id="a redirect that is not followed"),
        pytest.param(Reply(200), "asked", 200, id="the asset itself"),
    ],
)
def test_an_answer_means_something(reply: Reply | None, state: str, status: int | None) -> None:
    """What is not there, whoever is in trouble, and what asking again would not change."""
    fetch = Asked(lambda _: reply).fetch(of("npm", "left-pad"))
    assert (fetch.state, fetch.status) == (state, status)


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_store_that_fails_is_no_answer(status: int) -> None:
    """What a redirect leads to has no say in whether a version exists."""
    asked = Asked(lambda _: Reply(302, asset=True, store=status))
    fetch = asked.fetch(of("npm", "left-pad"), whole=True)
    assert (fetch.state, fetch.status, fetch.requests) == ("no answer", status, 1)


def test_a_refused_token_is_replaced_in_the_middle_of_a_run() -> None:
    """Once; by all threads together, the next one only after a minute."""
    good = {"secret-1"}

    def reply(request: Request) -> Reply:
        return asset() if request.headers["Authorization"][7:] in good else Reply(401)

    asked = Asked(reply)
    assert asked.fetch(of("npm", "a")).state == "asked"
    good = {"secret-2"}
    assert asked.fetch(of("npm", "b")) == Fetch(
        "asked", "", 302, (FetchedFile("b-1.0.0.tgz"),), requests=2
    )
    good = set()
    for name in ("c", "d", "e"):
        fetch = asked.fetch(of("npm", name))
        assert (fetch.state, fetch.status, fetch.requests) == ("refused", 401, 1)
    assert asked.access.tokens == 2


def test_a_404_may_be_a_word_about_the_token() -> None:
    """Not documented: then it is replaced, and asked once more; not if it was just accepted."""
    good = {"secret-2"}

    def reply(request: Request) -> Reply:
        return asset() if request.headers["Authorization"][7:] in good else MISSING

    asked = Asked(reply)
    assert asked.fetch(of("npm", "a")).state == "asked"
    good = set()
    fetch = asked.fetch(of("npm", "b"))
    assert (fetch.state, fetch.requests, asked.access.tokens) == ("not found", 1, 2)


@pytest.mark.parametrize(
    ("said", "slept"),
    [
        pytest.param("3", [3.0], id="as long as it says"),
        pytest.param("", [1.0], id="a second if it does not say"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", [1.0], id="or says it in words"),
    ],
)
def test_too_many_requests_are_waited_for(said: str, slept: list[float]) -> None:
    """All threads wait."""
    replies = iter([Reply(429, headers={"retry-after": said})])
    waits: list[float] = []
    clock = [0.0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    asked = Asked(lambda _: next(replies, asset()))
    asking = asked.fetching._asking
    asking.sleep, asking._monotonic = sleep, lambda: clock[0]
    assert asked.fetch(of("npm", "a")).state == "asked"
    assert waits == slept


def test_too_many_requests_for_too_long_are_no_answer() -> None:
    """Whoever is told to come back in an hour comes back another time."""
    asked = Asked(lambda _: Reply(429, headers={"retry-after": "3600"}))
    fetch = asked.fetch(of("npm", "a"))
    assert (fetch.state, fetch.status, asked.slept) == ("no answer", 429, [])
    asked = Asked(lambda _: Reply(429, headers={"retry-after": "0"}))
    assert asked.fetch(of("npm", "a")).requests == 3


def test_a_listed_file_that_is_not_there_yet_is_asked_for_again() -> None:
    """After 0.5, 1, 2 and 4 seconds: the first fetch of a version takes a moment."""
    missing = iter([MISSING, MISSING, MISSING, MISSING])

    def reply(request: Request) -> Reply:
        return page(listed(SDIST)) if request.url.endswith("/") else next(missing, asset())

    asked = Asked(reply)
    fetch = asked.fetch(REQUESTS)
    assert (fetch.state, fetch.requests, asked.slept) == ("asked", 6, [0.5, 1, 2, 4])


def test_files_that_never_come_are_not_waited_for_for_long() -> None:
    """The page may list what the public repository no longer gives; others wait behind it."""
    files = [listed(f"requests-{major}.0.0.tar.gz") for major in range(6)]
    asked = Asked({"simple/requests/": page(*files)})
    for major in range(5):
        fetch = asked.fetch(REQUESTS, WantedVersion(f"{major}.0.0"))
        assert (fetch.state, fetch.status) == ("not found", 404)
        assert fetch.requests == (2 if major >= 3 else 6 if major == 0 else 5)
    assert asked.slept == [0.5, 1, 2, 4] * 3 + [0.5] * 2


def test_a_yank_is_told() -> None:
    """The version comes in all the same; what to do about it is not decided here."""
    asked = Asked({"/": page(listed(SDIST, yanked="leaks")), ".gz": asset()})
    fetch = asked.fetch(REQUESTS)
    assert (fetch.state, fetch.withdrawn) == ("asked", "leaks")


def test_a_format_without_external_connections_is_refused() -> None:
    """Nothing is asked."""
    asked = Asked({"": asset()})
    assert asked.fetch(of("swift", "a", "b")).state == "refused"
    assert asked.paths == []


def test_a_closed_endpoint_is_refused_and_never_raised() -> None:
    """The right may be missing; it is told of each version."""
    asked = Asked({"": asset()})
    for operation in ("GetRepositoryEndpoint", "GetAuthorizationToken"):
        asked.access.refuses = operation
        fetch = asked.fetch(of("npm", "left-pad"))
        assert (fetch.state, fetch.requests) == ("refused", 0)
        assert operation in fetch.reason
