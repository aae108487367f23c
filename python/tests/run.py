"""Runs the tests by pytest, in this interpreter; says why where they cannot be run."""

import importlib.util
import pathlib
import sys

missing = [name for name in ("pytest", "numpy") if importlib.util.find_spec(name) is None]
if missing:
    print(f"SKIPPED: needs {' and '.join(missing)} of {sys.executable}")
    sys.exit(0)

import pytest

sys.exit(
    pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(pathlib.Path(__file__).parent),
                 str(pathlib.Path(__file__).parent), *sys.argv[1:]])
)
