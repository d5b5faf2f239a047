"""What Python files import, read from their source and not by importing them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.contract.project import FUNCTIONS, LAYER


def imported_modules(path: Path) -> set[str]:
    """
    Return the full names of all modules that *path* imports, at its top or inside a function.

    Imports for type checkers only (`if TYPE_CHECKING:`) do not count: they never run. Of
    `from a import b` both `a` and `a.b` are returned, as `b` may be a module.
    """
    names: set[str] = set()
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            module = node.module or ""
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def packages(path: Path) -> set[str]:
    """Return the top-level packages that *path* imports."""
    return {name.split(".")[0] for name in imported_modules(path)}


def packages_at_the_top(path: Path) -> set[str]:
    """Return the top-level packages that importing *path* itself loads: not those in functions."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def calls(path: Path) -> set[str]:
    """Return what *path* calls, as it is written: `datetime.now`, `clients.codeartifact`."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def steward_modules_behind(path: Path) -> set[Path]:
    """Return the modules of the layer that importing *path* loads, directly or through others."""
    return _modules_behind(path, LAYER)


def automation_modules_behind(path: Path) -> set[Path]:
    """Return the modules of its automation that importing it loads, directly or through others."""
    automation = FUNCTIONS / path.relative_to(FUNCTIONS).parts[0]
    return _modules_behind(path, automation)


def _modules_behind(path: Path, package: Path) -> set[Path]:
    behind: set[Path] = set()
    to_read = [path]
    while to_read:
        names = (name.split(".") for name in imported_modules(to_read.pop()))
        found = {
            path
            for parts in names
            if parts[0] == package.name and parts[1:]
            for path in (
                package.joinpath(*parts[1:]).with_suffix(".py"),
                package.joinpath(*parts[1:], "__init__.py"),
            )
        }
        new = {module for module in found if module.is_file()} - behind
        behind |= new
        to_read.extend(new)
    return behind


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk *tree*, but not into `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _nodes(node)
