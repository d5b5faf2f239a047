"""Package URLs and package paths, as people type them."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from steward.purls import PackageUrl


class PackageName(NamedTuple):
    """A package of no particular repository."""

    format: str
    namespace: str | None
    name: str


def parse_package(text: str) -> PackageName:
    """
    Return the package that *text* names.

    It is a package URL (`pkg:maven/com.mycompany/app@1.0`, `pkg:npm/%40mycompany/ui`), whose
    version and qualifiers are left out (package-url specification), or a path as in CodeArtifact's
    package groups (`/maven/com.mycompany/app`, `/pypi//requests`). A scope of npm may have its `@`
    or not.

    Raises:
        ValueError: It is neither.
    """
    from steward.purls import PREFIX

    if text.startswith(PREFIX):
        url = _package_url(text)
        return PackageName(url.format, url.namespace, url.name)
    if not text.startswith("/") or text.count("/") != len(("format", "namespace", "name")):
        raise ValueError(f"{text!r} names no package: write {_remedy(text)}")
    package_format, namespace, name = text[1:].split("/")
    if package_format == "npm":
        namespace = namespace.removeprefix("@")  # as CodeArtifact keeps it (API Reference)
    if not name or not package_format:
        raise ValueError(f"{text!r} lacks the format or the name of a package")
    return PackageName(package_format, namespace or None, name)


def _remedy(text: str) -> str:
    """Return what to write in place of *text*, which is neither package URL nor path."""
    from steward.coordinates import FORMATS, is_format

    package_format, *rest = text.strip("/").split("/")
    if is_format(package_format) and len(rest) == 1:
        if package_format in {"maven", "swift", "generic"}:  # they always have a namespace
            return (
                f"pkg:{package_format}/namespace/{rest[0]} or /{package_format}/namespace/{rest[0]}"
            )
        return f"pkg:{package_format}/{rest[0]} or /{package_format}//{rest[0]}"
    if package_format.startswith("@") and len(rest) == 1:
        return f"pkg:npm/%40{package_format[1:]}/{rest[0]}"
    if not rest and package_format:
        return (
            f"its format too, as in pkg:pypi/{package_format} or /pypi//{package_format}; formats "
            f"are {', '.join(FORMATS)}"
        )
    return "pkg:maven/com.mycompany/app or /maven/com.mycompany/app"


def parse_version(text: str) -> str | None:
    """
    Return the version in the package URL *text*, None if there is none, as in any path.

    Raises:
        ValueError: It is no package URL, but starts like one.
    """
    from steward.purls import PREFIX

    return _package_url(text).version if text.startswith(PREFIX) else None


def _package_url(text: str) -> "PackageUrl":
    from steward.errors import PurlError
    from steward.purls import parse_purl

    try:
        return parse_purl(text)
    except PurlError as error:
        raise ValueError(str(error)) from error
