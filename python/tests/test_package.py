"""The package around the module: types, examples."""

import ast
import inspect
import os
import pathlib
import subprocess
import sys

import pytest

import attune
from attune import _attune

HERE = pathlib.Path(__file__).resolve().parent
STUBS = pathlib.Path(attune.__file__).with_name("_attune.pyi")


def stubs():
    """Names of the stub file, and those of its classes."""
    names = {}
    for node in ast.parse(STUBS.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names[node.name] = {
                item.name for item in node.body if isinstance(item, ast.FunctionDef)
            }
        elif isinstance(node, ast.FunctionDef):
            names[node.name] = set()
        elif isinstance(node, ast.AnnAssign):
            names[node.target.id] = set()
    return names  # but for aliases of types, which are assigned


def test_stubs_name_what_there_is():
    described = stubs()
    public = {name for name in vars(_attune) if not name.startswith("__")} | {"__version__"}
    assert set(described) == public
    for name, members in described.items():
        found = getattr(_attune, name)
        if not inspect.isclass(found) or issubclass(found, BaseException):
            continue
        own = {
            member for member in vars(found)
            if not member.startswith("_") or (member == "__call__")
        }
        assert members - {"__init__"} == own, name


def test_all_is_documented_and_there():
    for name in attune.__all__:
        found = getattr(attune, name)
        if name != "__version__":
            assert found.__doc__, name
    assert sorted(attune.__all__) == attune.__all__


def test_defaults_of_the_stubs_are_those_of_the_layers():
    tree = ast.parse(STUBS.read_text())
    layers = {node.name: node for node in tree.body
              if isinstance(node, ast.ClassDef) and node.name.endswith("Conv")}
    assert len(layers) == 5
    for name, node in layers.items():
        arguments = node.body[0].args
        written = {
            argument.arg: ast.literal_eval(default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults)
        }
        written = {k: v for k, v in written.items() if k not in ("seed", "dtype")}
        options = getattr(attune, name)(3, 2).options
        assert options == {"in_channels": 3, "out_channels": 2, **written}


def test_the_module_shows_its_entry_alone():
    done = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--extern-only", _attune.__file__],
        capture_output=True, text=True,
    )
    if done.returncode != 0:
        pytest.skip("needs nm")
    shown = [line.split()[-1] for line in done.stdout.splitlines()]
    assert "PyInit__attune" in shown
    assert not [name for name in shown if "attune" in name and name != "PyInit__attune"]


def test_the_installed_package_stands_alone(tmp_path):
    build = os.environ.get("ATTUNE_BUILD")
    if build is None:
        pytest.skip("ATTUNE_BUILD does not name a build")
    subprocess.run(
        ["cmake", "--install", build, "--prefix", str(tmp_path / "a"), "--component", "python"],
        check=True, capture_output=True,
    )
    (tmp_path / "a").rename(tmp_path / "b")
    (package,) = (tmp_path / "b").rglob("attune")
    files = {path.name for path in package.iterdir()}
    assert files >= {"__init__.py", "_attune.pyi", "py.typed", pathlib.Path(_attune.__file__).name}
    done = subprocess.run(
        [sys.executable, "-c", "import attune; print(attune.__file__)"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(package.parent)}, capture_output=True, text=True,
    )
    assert done.stdout.strip() == str(package / "__init__.py"), done.stderr


@pytest.mark.parametrize("example", ["own_graph", "own_loop"])
def test_examples_run(example, tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE.parent / "examples" / f"{example}.py")],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
