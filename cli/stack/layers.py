"""
Lays out Lambda layers as folders of this machine.

A layer that SAM would build is not built: building takes longer than a person waits, and needs
another Python. Which folder holds what the build would have packed follows from the names:

- `BuildMethod: makefile`: the layer `StewardLayer` with `ContentUri: layers/` is `layers/steward`,
  an import root as it is. Its third-party packages are the project's own environment's.
- A makefile layer whose folder holds `policy.yaml` is what that file compiles to: a scratch folder
  with `policy.json`, and with what the lock files that it names list.
- Any other layer is its `ContentUri`, with `python/` as the import root if there is one, as under
  `/opt` (Lambda Developer Guide, "Layer paths for each Lambda runtime").
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cli.stack.errors import TemplateError
from cli.stack.template import Source

_OPT = "/opt/"
_POLICY_SOURCE = "policy.yaml"
_POLICY = "policy.json"
_LOCKED = "lockfiles.json"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer on this machine: what Lambda would show under `/opt`."""

    folder: Path
    import_root: Path | None


def lay_out(source: Source, *, compiled_policy: str, scratch: Path, locked: str = "{}") -> Layer:
    """
    Return the layer as a folder.

    Args:
        locked: What the lock files of the policy list, compiled.

    Raises:
        TemplateError: The folder that the rules above lead to does not exist.
    """
    folder = source.folder
    if source.build_method == "makefile":
        folder /= _folder_name(source.logical_id)
    if not folder.is_dir():
        raise TemplateError(f"layer {source.logical_id}: there is no folder {folder}")
    if source.build_method == "makefile" and (folder / _POLICY_SOURCE).is_file():
        compiled = scratch / source.logical_id
        compiled.mkdir(parents=True, exist_ok=True)
        (compiled / _POLICY).write_text(compiled_policy, encoding="utf-8")
        (compiled / _LOCKED).write_text(locked, encoding="utf-8")
        return Layer(compiled, import_root=None)
    if source.build_method == "makefile":
        return Layer(folder, import_root=folder)
    packages = folder / "python"
    return Layer(folder, import_root=packages if packages.is_dir() else folder)


def local_path(value: str, layers: list[Layer]) -> str:
    """
    Return an environment value with `/opt/` replaced by the layer's folder.

    The last listed layer that has the file wins, as layers are merged in order (Lambda Developer
    Guide, "Adding layers to functions"); other values are returned as they are.
    """
    if not value.startswith(_OPT):
        return value
    relative = value.removeprefix(_OPT)
    for layer in reversed(layers):
        if (layer.folder / relative).exists():
            return str(layer.folder / relative)
    return value


def _folder_name(logical_id: str) -> str:
    """Return `policy` for `PolicyLayer`, `shared_code` for `SharedCodeLayer`."""
    name = logical_id.removesuffix("Layer") or logical_id
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
