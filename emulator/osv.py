"""
A local OSV under ``/_emulator/osv``: the part of OSV's API that a gate for vulnerabilities needs.

Its entries are what a test or a demonstration puts there, in OSV's own schema. They are kept in
memory, also with ``--data``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from emulator import bodies, json_documents, osv_matching
from emulator.core.errors import Validation
from emulator.requests import count

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.state import State

MAX_BODY_BYTES = 64 * 1024 * 1024  # our choice
MAX_QUERIES = 1000  # "POST /v1/querybatch", osv.dev
MAX_DIGITS = 9  # of a token that names an entry; we give no longer ones
SLOW_SECONDS = 60.0  # our choice: longer than anybody waits

Nonsense = Literal["text", "fewer", "types"]
_MEMBERS = ("down", "slow", "nonsense", "pageSize")


@dataclass(frozen=True, slots=True)
class Faults:
    """
    What goes wrong on request.

    Attributes:
        down: Every request of the API is answered by 503.
        slow_seconds: Every answer begins so late.
        nonsense: Every answer is a page of text, lacks a result, or has members of other types.
        page_size: So many entries have a result and a token for the next ones; 0: all of them.
    """

    down: bool = False
    slow_seconds: float = 0
    nonsense: Nonsense | None = None
    page_size: int = 0


def routes(prefix: str, state: State) -> list[Route]:
    """
    Return what is answered below *prefix*.

    - ``POST v1/querybatch``, ``GET v1/vulns/{id}``: as OSV; counted among the requests as
      ``osv:QueryBatch`` and ``osv:GetVulnerability``;
    - ``GET entries``, ``PUT entries`` (a list; replaces all of them);
    - ``GET faults``, ``PUT faults`` (replaces all of them): ``down``, ``slow`` (true, or seconds),
      ``nonsense`` (true, or which), ``pageSize``.
    """
    osv = LocalOsv(state)
    return [
        Route(f"{prefix}v1/querybatch", osv.query_batch, methods=["POST"]),
        Route(f"{prefix}v1/vulns/{{id}}", osv.vulnerability, methods=["GET"]),
        Route(f"{prefix}entries", osv.entries, methods=["GET", "PUT"]),
        Route(f"{prefix}faults", osv.faults, methods=["GET", "PUT"]),
    ]


class LocalOsv:
    """The handlers of the local OSV of one local CodeArtifact."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._entries: dict[str, dict[str, Any]] = {}
        self._faults = Faults()

    async def entries(self, request: Request) -> Response:
        """Return the entries, after a PUT the new ones."""
        if request.method == "PUT":
            wanted = await _json(request)
            # What has no time of modification has been modified now: nobody may keep the old one.
            entries = _entries(wanted, self._state.clock.now().isoformat())
            with self._lock:
                self._entries = entries
        return JSONResponse(list(self._entries.values()))

    async def faults(self, request: Request) -> Response:
        """Return the faults in force, after a PUT the new ones."""
        if request.method == "PUT":
            self._faults = _faults(await _json(request))
        faults = self._faults
        return JSONResponse(
            {
                "down": faults.down,
                "slow": faults.slow_seconds,
                "nonsense": faults.nonsense,
                "pageSize": faults.page_size,
            }
        )

    async def query_batch(self, request: Request) -> Response:
        """
        Answer each query with the ids of the entries that affect it, in the order of the queries.

        Withdrawn entries are in no answer, as in OSV's. A query names its package by ecosystem and
        name, not by package URL or commit.
        """
        count(self._state, "osv:QueryBatch")
        queries = _queries(await _json(request))
        if (failure := await self._failure(request)) is not None:
            return failure
        results = await run_in_threadpool(self._results, queries)
        if self._faults.nonsense == "fewer":
            return JSONResponse({"results": results[:-1]})
        if self._faults.nonsense == "types":
            return JSONResponse({"results": [{"vulns": 7} for _ in results]})
        return JSONResponse({"results": results})

    async def vulnerability(self, request: Request) -> Response:
        """Answer with an entry, withdrawn or not."""
        count(self._state, "osv:GetVulnerability")
        if (failure := await self._failure(request)) is not None:
            return failure
        name = request.path_params["id"]
        entry = self._entries.get(name)
        if entry is None:
            return JSONResponse({"code": 5, "message": "Bug not found."}, 404)
        if self._faults.nonsense is not None:
            return JSONResponse({"id": name, "affected": 7})
        return JSONResponse(entry)

    async def _failure(self, request: Request) -> Response | None:
        """Return the answer of an OSV that is out of order, late if it is slow; None: it is not."""
        faults = self._faults
        if faults.slow_seconds:
            with anyio.move_on_after(faults.slow_seconds):  # or until the client has given up
                while (await request.receive())["type"] != "http.disconnect":
                    pass
        if faults.down:
            return PlainTextResponse("The local OSV is down, as it was told.\n", 503)
        if faults.nonsense == "text":
            return PlainTextResponse("<!DOCTYPE html><title>OSV</title>\n", media_type="text/html")
        return None

    def _results(self, queries: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
        with self._lock:
            entries = [each for each in self._entries.values() if each.get("withdrawn") is None]
        return [_result(each, entries, self._faults.page_size) for each in queries]


def _result(
    query: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], page_size: int
) -> dict[str, object]:
    """Return one result; without entries it is empty ("POST /v1/querybatch", osv.dev)."""
    package = query["package"]
    found = [
        {"id": each["id"], "modified": each["modified"]}
        for each in entries
        if osv_matching.affects(each, package["ecosystem"], package["name"], query.get("version"))
    ]
    first = int(query.get("page_token") or 0)
    last = first + page_size if page_size else len(found)
    result: dict[str, object] = {}
    if found[first:last]:
        result["vulns"] = found[first:last]
    if last < len(found):
        result["next_page_token"] = str(last)
    return result


def _queries(document: object) -> list[Mapping[str, Any]]:
    queries = document.get("queries") if isinstance(document, dict) else None
    if not isinstance(queries, list) or len(queries) > MAX_QUERIES:
        raise Validation(f"A batch has at most {MAX_QUERIES} queries in a list, queries.")
    if not all(map(_is_query, queries)):
        raise Validation(
            "A query has a package (ecosystem, name), and perhaps a version, as texts."
        )
    return cast("list[Mapping[str, Any]]", queries)


def _is_query(query: object) -> bool:
    package = query.get("package") if isinstance(query, dict) else None
    if not isinstance(query, dict) or not isinstance(package, dict):
        return False
    token = query.get("page_token", "")
    return (
        isinstance(package.get("ecosystem"), str)
        and isinstance(package.get("name"), str)
        and isinstance(query.get("version", ""), str)
        and isinstance(token, str)
        and (not token or (token.isascii() and token.isdecimal() and len(token) <= MAX_DIGITS))
    )


def _entries(wanted: object, now: str) -> dict[str, dict[str, Any]]:
    """Return the entries of a PUT by their ids; each has a time of modification."""
    if not isinstance(wanted, list):
        raise Validation("The entries are a list.")
    found: dict[str, dict[str, Any]] = {}
    for each in wanted:
        if not isinstance(each, dict) or not isinstance(each.get("id"), str) or not each["id"]:
            raise Validation(f"An entry is an object with an id, not {each!r:.100}")
        if each["id"] in found:
            raise Validation(f"There are two entries {each['id']}")
        if not osv_matching.is_readable(each):
            raise Validation(f"{each['id']}: affected is not what the OSV schema says")
        found[each["id"]] = {"modified": now, **each}
    return found


def _faults(wanted: object) -> Faults:
    if not isinstance(wanted, dict) or wanted.keys() - set(_MEMBERS):
        raise Validation(f"The faults of OSV are an object of {', '.join(_MEMBERS)}.")
    down, slow = wanted.get("down", False), wanted.get("slow", 0)
    nonsense, page_size = wanted.get("nonsense", False), wanted.get("pageSize", 0)
    if not isinstance(down, bool):
        raise Validation(f"down is true or false, not {down!r}")
    if slow is True:
        slow = SLOW_SECONDS
    if not isinstance(slow, int | float) or not 0 <= slow <= SLOW_SECONDS:
        raise Validation(f"slow is true, or at most {SLOW_SECONDS:.0f} seconds, not {slow!r}")
    if nonsense is True:
        nonsense = "text"
    if nonsense not in (None, False, *get_args(Nonsense)):
        raise Validation(f"nonsense is true or one of {', '.join(get_args(Nonsense))}")
    if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 0:
        raise Validation(f"pageSize is a number of entries, not {page_size!r}")
    return Faults(down, float(slow), nonsense or None, page_size)


async def _json(request: Request) -> object:
    try:
        body = await bodies.Body(request.receive).read(MAX_BODY_BYTES)
    except bodies.BodyTooLarge:
        raise Validation(f"The body has more than {MAX_BODY_BYTES} bytes.") from None
    try:
        return await run_in_threadpool(json_documents.parse, body)
    except ValueError as error:
        raise Validation(f"The body is not JSON: {error}") from error
