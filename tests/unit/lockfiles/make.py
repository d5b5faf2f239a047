"""
Makes the lock files of this folder anew, by the tools that write them: ``python make.py``.

It needs git, npm and uv on PATH, and package registries, which it takes as they are configured.
The other tools come from those registries, into their caches. Afterwards no lock file names a
host: each is ``registry.example`` or, for Git repositories, ``git.example``.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent

_UNDERSCORED = "typing_extensions==4.12.2"
PYPROJECT = """\
[project]
name = "ours"
version = "0.1.0"
requires-python = ">=3.11,<4"
dependencies = [
  "httpx[socks]==0.28.1", "colorama==0.4.6; sys_platform == 'win32'", "typing_extensions==4.12.2",
  "six @ {wheel}", "ours-git @ git+{git}",
]
[tool.uv.sources]
ours-local = {{ path = "local" }}
[tool.uv]
package = false
[dependency-groups]
dev = [{dev}]
"""
LOCAL = '[project]\nname = "ours-local"\nversion = "0.0.1"\n[build-system]\n{build}\n'
BUILD = 'requires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"'
PACKAGE = {
    "name": "ours",
    "version": "0.1.0",
    "private": True,
    "workspaces": ["packages/*"],
    "dependencies": {
        "@babel/runtime": "7.26.0",
        "aliased": "npm:ms@2.1.3",
        "ours-local": "file:./local",
        "react-dom": "18.3.1",
        "react": "18.3.1",
        "resolve": "1.22.8",
        "use-sync-external-store": "1.2.2",
    },
    "optionalDependencies": {"fsevents": "2.3.3", "@rollup/rollup-win32-x64-msvc": "4.24.0"},
}


def main() -> int:
    """Write all lock files."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        git = _git_repository(root / "git")
        _python(root / "python", git)
        _javascript(root / "javascript", git)
    return 0


def _python(folder: Path, git: Path) -> None:
    wheel = _url_of_a_wheel()
    _write(folder / "local/pyproject.toml", LOCAL.format(build=BUILD))
    text = PYPROJECT.format(wheel=wheel, git=git.as_uri(), dev='"ours-local"')
    _write(folder / "pyproject.toml", text)
    _run(["uv", "lock"], folder)
    _keep(folder / "uv.lock", git)
    _run(["uv", "export", "--format=pylock.toml", "-o", "pylock.toml"], folder)
    _keep(folder / "pylock.toml", git)
    plain = ("httpx[socks]==0.28.1", "colorama==0.4.6 ; sys_platform == 'win32'", _UNDERSCORED)
    _write(folder / "requirements.in", "\n".join(plain))
    options = ["--generate-hashes", "--strip-extras", "--no-emit-index-url", "-q"]
    compiler = ["uvx", "--with", "pip<26", "--from", "pip-tools", "pip-compile"]
    _run([*compiler, *options, "-o", "pip-compile.txt", "requirements.in"], folder)
    _keep(folder / "pip-compile.txt", git)
    universal = ["uv", "pip", "compile", "--universal", "-q", "-o", "uv-pip-compile.txt"]
    _run([*universal, "--group", "dev", "pyproject.toml"], folder)
    _keep(folder / "uv-pip-compile.txt", git)
    poetry = folder / "poetry"
    _write(
        poetry / "pyproject.toml",
        PYPROJECT.format(wheel=wheel, git=git.as_uri(), dev="").split("[tool.uv")[0]
        + "[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\nours-local = {path = "
        f'"../local"}}\n[[tool.poetry.source]]\nname = "usual"\nurl = "{_index()}"\n',
    )
    _run(["uvx", "poetry", "lock"], poetry)
    _keep(poetry / "poetry.lock", git)
    pipenv = folder / "pipenv"
    _write(
        pipenv / "Pipfile",
        '[packages]\nhttpx = {version = "==0.28.1", extras = ["socks"]}\n'
        'typing_extensions = "==4.12.2"\n'
        f'ours-git = {{git = "{git.as_uri()}"}}\nours-local = {{path = "../local"}}\n'
        f'six = {{file = "{wheel}"}}\n[dev-packages]\ncolorama = "==0.4.6"\n',
    )
    _run(["uvx", "pipenv", "lock"], pipenv)
    _keep(pipenv / "Pipfile.lock", git)


def _javascript(folder: Path, git: Path) -> None:
    url = json.loads(_run(["npm", "view", "--json", "isarray@2.0.5", "dist.tarball"], HERE))
    tools = (
        ("npm-v1/package-lock.json", ["npm", "install", "--lockfile-version=1"]),
        ("npm-v2/package-lock.json", ["npm", "install", "--lockfile-version=2"]),
        ("npm-v3/package-lock.json", ["npm", "install", "--lockfile-version=3"]),
        ("pnpm-5/pnpm-lock.yaml", ["npx", "--yes", "pnpm@7", "install", "--lockfile-only"]),
        ("pnpm-6/pnpm-lock.yaml", ["npx", "--yes", "pnpm@8", "install", "--lockfile-only"]),
        ("pnpm-9/pnpm-lock.yaml", ["npx", "--yes", "pnpm@10", "install", "--lockfile-only"]),
        ("yarn-1/yarn.lock", ["npx", "--yes", "yarn@1", "install", "--ignore-scripts"]),
        ("yarn-3/yarn.lock", ["npx", "--yes", "-p", "@yarnpkg/cli-dist@3", "yarn", "install"]),
        ("yarn-4/yarn.lock", ["npx", "--yes", "-p", "@yarnpkg/cli-dist@4", "yarn", "install"]),
    )
    for name, command in tools:
        project = folder / Path(name).parent
        package = json.loads(json.dumps(PACKAGE))
        package["dependencies"]["from-url"] = url
        # pnpm 8 and the later Yarns lock no repository that is a folder.
        if not {"pnpm@8", "yarn"} & set(command):
            package["dependencies"]["ours-git"] = f"git+{git.as_uri()}"
        _write(project / "package.json", json.dumps(package))
        _write(project / "local/package.json", '{"name": "ours-local", "version": "0.0.1"}')
        part = '{"name": "@ours/web", "version": "1.0.0", "dependencies": {"ms": "2.1.2"}}'
        _write(project / "packages/web/package.json", part)
        _write(project / "pnpm-workspace.yaml", "packages: [packages/*]\n")
        _write(project / "yarn.lock", "")
        if command[0] == "npm":
            command += ["--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
        registry = _run(["npm", "config", "get", "registry"], HERE).strip()
        berry = f"npmRegistryServer: '{registry}'\nenableTelemetry: false\nnodeLinker: pnp\n"
        _write(project / ".yarnrc.yml", berry)
        _write(project / ".npmrc", f"registry={registry}\nomit-lockfile-registry-resolved=false\n")
        _run(command, project)
        _keep(folder / name, git)
        if name.startswith("npm-v3"):
            _run(["npm", "shrinkwrap"], project)
            _keep(project / "npm-shrinkwrap.json", git)


def _git_repository(folder: Path) -> Path:
    """Return a repository with a package of Python and one of JavaScript in it."""
    text = LOCAL.format(build=BUILD).replace("ours-local", "ours-git")
    _write(folder / "pyproject.toml", text + "[tool.setuptools]\npackages = []\n")
    _write(folder / "package.json", '{"name": "ours-git", "version": "0.0.1"}')
    author = ["-c", "user.name=nobody", "-c", "user.email=nobody@git.example"]
    _run(["git", "init", "-q"], folder)
    _run(["git", "add", "."], folder)
    _run(["git", *author, "commit", "-q", "-m", "A package"], folder)
    return folder


def _url_of_a_wheel() -> str:
    """Return where the configured index has a wheel of six."""
    program = (
        "import json, sys, tempfile; from pip._internal.cli.main import main as pip\n"
        "with tempfile.NamedTemporaryFile() as f:\n"
        " pip(['-q','install','--dry-run','--no-deps','-I','--report',f.name,'six==1.16.0'])\n"
        " print(json.load(open(f.name))['install'][0]['download_info']['url'])"
    )
    return _run(["uvx", "--with", "pip", "python", "-c", program], HERE).split()[-1]


def _index() -> str:
    """Return the index that is configured: Poetry finds none by itself but the public one."""
    program = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    default = _run(["uvx", "--with", "pip", "python", "-c", program], HERE).strip()
    return os.environ.get("PIP_INDEX_URL", default)


def _keep(made: Path, git: Path) -> None:
    """Keep the lock file *made* in this folder, without a host or a path of this machine."""
    text = made.read_text(encoding="utf-8")
    text = re.sub(rf"file://\w*{re.escape(str(git))}", "ssh://git@git.example/ours-git", text)
    text = re.sub(r"https?://[^/\s\"')]+", "https://registry.example", text)
    text = text.replace(str(git.parent), "")
    folder = made.parent.name if made.parent.parent.name == "javascript" else ""
    kept = HERE / folder / made.name
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(text, encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _run(command: Sequence[str], folder: Path) -> str:
    """Return what *command* prints in *folder*; stop if it fails."""
    apart = {"YARN_ENABLE_IMMUTABLE_INSTALLS": "0", "CI": "", "PIPENV_VENV_IN_PROJECT": "1"}
    return subprocess.run(
        command,
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **apart},
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
