"""What the company's web shop has published over the years, and the lock file of a client of it."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from emulator.external.archives import Project, wheel

LIBRARIES = "shop-libraries"
NIGHTLIES = "shop-nightlies"
NAMESPACE = "com.mycompany.shop"
CART = "cart"
REPORTS = "shop-reports"
NIGHTLY = "shop-nightly"
LOCK_FILE = "client/requirements.txt"

LOCKED = "1.2"  # an old client of the shop is built with it
JAR_BYTES = 3_400_000

Seeded = dict[str, object]
Ages = Mapping[str, int]  # days, by version

REPORTS_AGES: Ages = {
    "1.0": 2000,
    "1.1": 1700,
    "1.2": 1500,
    "1.3": 1300,
    "1.4": 1000,
    "2.0": 500,
    "2.1": 300,
    "2.2": 45,
}
# No age is within a week of what a rule asks for: the commands have the machine's clock, and the
# chapters before have set that of the local CodeArtifact on.
NIGHTLY_AGES = [8 + 10 * number for number in range(36)]
RELEASED_BUILDS = (90, 86, 82, 78, 74, 70)
RELEASED = 60
OPEN_BUILDS = (100, 80, 60, 50, 20, 2)
SPANS = {  # for people
    CART: "builds of 2.3, which is released, and of 2.4",
    REPORTS: "releases of five years",
    NIGHTLY: "a build every ten days, for a year",
}


def document(domain: str, now: datetime) -> Seeded:
    """Return two repositories with versions of all ages at *now*, for the local CodeArtifact."""
    cart = {"format": "maven", "namespace": NAMESPACE, "package": CART, **_ours(_cart(now))}
    reports = {"format": "pypi", "package": REPORTS, **_ours(_reports(now))}
    nightly = {"format": "pypi", "package": NIGHTLY, **_ours(_nightlies(now))}
    libraries = {"name": LIBRARIES, "packages": [cart, reports]}
    nightlies = {"name": NIGHTLIES, "packages": [nightly]}
    return {"domains": [{"name": domain, "repositories": [libraries, nightlies]}]}


def lock_file() -> str:
    """Return what `pip-compile --generate-hashes` or `uv export` writes for the client."""
    _, content = _file(LOCKED)
    return f"{REPORTS}=={LOCKED} \\\n    --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"


def _ours(versions: Iterator[Seeded]) -> Seeded:
    """Return a package that takes nothing from outside."""
    return {"restrictions": {"publish": "ALLOW", "upstream": "BLOCK"}, "versions": list(versions)}


def _cart(now: datetime) -> Iterator[Seeded]:
    """Yield the builds of 2.3, which is released, and those of 2.4, which is not."""
    for base, ages in (("2.3", RELEASED_BUILDS), ("2.4", OPEN_BUILDS)):
        yield from _snapshot(base, ages, now)
    yield _version("2.3", RELEASED, now, _jar("2.3"))


def _snapshot(base: str, ages: Sequence[int], now: datetime) -> Iterator[Seeded]:
    """Yield builds that were unlisted as newer ones came, as Maven's own are, and the snapshot."""
    newest = f"{base}-SNAPSHOT"
    for number, age in enumerate(ages, start=1):
        newest = f"{base}-{now - timedelta(days=age):%Y%m%d.%H%M%S}-{number}"
        yield {**_version(newest, age, now, _jar(newest)), "status": "Unlisted"}
    yield _version(f"{base}-SNAPSHOT", ages[-1], now, _jar(newest))


def _jar(version: str) -> Seeded:
    return {"name": f"{CART}-{version}.jar", "size": JAR_BYTES}


def _reports(now: datetime) -> Iterator[Seeded]:
    for version, age in REPORTS_AGES.items():
        name, content = _file(version)
        yield _version(
            version, age, now, {"name": name, "contentBase64": base64.b64encode(content).decode()}
        )


def _nightlies(now: datetime) -> Iterator[Seeded]:
    for number, age in enumerate(reversed(NIGHTLY_AGES), start=1):
        version = f"3.0.0.dev{number}"
        asset = {"name": f"shop_nightly-{version}-py3-none-any.whl", "size": JAR_BYTES}
        yield _version(version, age, now, asset)


def _version(version: str, age: int, now: datetime, asset: Seeded) -> Seeded:
    published = (now - timedelta(days=age)).isoformat()
    return {"version": version, "publishedTime": published, "assets": [asset]}


def _file(version: str) -> tuple[str, bytes]:
    """Return the name and the bytes of the wheel of a release of `REPORTS`, which pip installs."""
    return f"shop_reports-{version}-py3-none-any.whl", wheel(Project(REPORTS, version, ">=3"))
