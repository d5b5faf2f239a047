"""Where the layers of a template lie on this machine."""

from pathlib import Path

import pytest

from cli.stack.errors import TemplateError
from cli.stack.layers import Layer, lay_out, local_path
from cli.stack.template import Source


def source(folder: Path, logical_id: str, method: str | None = "makefile") -> Source:
    """Return a layer's source."""
    return Source(logical_id, folder, method)


def test_a_makefile_layer_is_the_folder_of_its_name(tmp_path: Path) -> None:
    """`SharedCodeLayer` is `shared_code`, an import root as it is."""
    (tmp_path / "shared_code").mkdir()
    layer = lay_out(source(tmp_path, "SharedCodeLayer"), compiled_policy="{}", scratch=tmp_path)
    assert layer == Layer(tmp_path / "shared_code", tmp_path / "shared_code")


def test_a_layer_with_a_policy_is_the_compiled_policy(tmp_path: Path) -> None:
    """Nothing of it can be imported."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "policy.yaml").write_text("domain: my-company")
    scratch = tmp_path / "scratch"
    layer = lay_out(
        source(tmp_path, "PolicyLayer"),
        compiled_policy='{"a": 1}',
        locked='{"uv.lock": []}',
        scratch=scratch,
    )
    assert layer.import_root is None
    assert (layer.folder / "policy.json").read_text() == '{"a": 1}'
    assert (layer.folder / "lockfiles.json").read_text() == '{"uv.lock": []}'


def test_any_other_layer_is_its_folder(tmp_path: Path) -> None:
    """With `python/` as the import root, if there is one."""
    plain = source(tmp_path, "OtherLayer", None)
    assert lay_out(plain, compiled_policy="", scratch=tmp_path).import_root == tmp_path
    (tmp_path / "python").mkdir()
    assert lay_out(plain, compiled_policy="", scratch=tmp_path).import_root == tmp_path / "python"


def test_a_layer_without_a_folder_is_an_error(tmp_path: Path) -> None:
    """The message names the layer."""
    with pytest.raises(TemplateError, match="layer StewardLayer: there is no folder"):
        lay_out(source(tmp_path, "StewardLayer"), compiled_policy="", scratch=tmp_path)


def test_a_path_under_opt_is_found_in_the_last_layer_that_has_it(tmp_path: Path) -> None:
    """Other values stay as they are, and so does a path that no layer has."""
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir()
    for folder in folders[:2]:
        (folder / "policy.json").write_text("{}")
    layers = [Layer(folder, None) for folder in folders]
    assert local_path("/opt/policy.json", layers) == str(folders[1] / "policy.json")
    assert local_path("/opt/nothing.json", layers) == "/opt/nothing.json"
    assert local_path("observe", layers) == "observe"
