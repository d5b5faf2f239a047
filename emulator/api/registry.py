"""Which function carries out which operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, cast

from emulator.api import (
    assets,
    authorization,
    domains,
    package_groups,
    package_versions,
    packages,
    permissions,
    repositories,
    tags,
)
from emulator.core.values import Caller
from emulator.wire import model

if TYPE_CHECKING:
    from emulator.core.state import State

Function = Callable[["State", Caller, Mapping[str, object]], Mapping[str, object]]

MODULES: tuple[ModuleType, ...] = (
    domains,
    repositories,
    permissions,
    packages,
    package_versions,
    package_groups,
    assets,
    authorization,
    tags,
)


def functions() -> Mapping[str, Function]:
    """
    Return the function of each operation of the model.

    A function is found by botocore's name of the operation; the parser has made the request what
    its annotation says.

    Raises:
        LookupError: An operation has none.
    """
    found: dict[str, Function] = {}
    for operation in model.load().by_name.values():
        for module in MODULES:
            if hasattr(module, operation.method_name):
                found[operation.name] = cast("Function", getattr(module, operation.method_name))
    missing = model.load().by_name.keys() - found.keys()
    if missing:
        raise LookupError(f"No function for {', '.join(sorted(missing))}")
    return found
