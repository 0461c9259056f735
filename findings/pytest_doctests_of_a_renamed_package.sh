#!/usr/bin/env bash
# What:   pytest 9.2.0 with setuptools 83.0.0, `--doctest-modules --import-mode=importlib`, and a package whose folder
#         has another name than the package (`[tool.setuptools.package-dir] shipped = "folder"`, installed editable).
# Guess:  a doctest runs in the module that the project installs: pytest 9 asks the import system for a file's spec
#         before it makes up a name, and the editable install's finder knows `shipped`.
# Seen:   the file is imported a second time under a name made from its folder (`folder.thing`), beside the installed
#         `shipped.thing`. Both run; classes of the two are not the same, so an isinstance check between a doctest's
#         objects and the rest of the package fails. `--pyargs shipped` does not help: it ends at the same file.
#         doctest.testmod(importlib.import_module("shipped.thing")) runs the module that is installed.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 setuptools==83.0.0
mkdir folder
cat > pyproject.toml <<'TOML'
[build-system]
requires = ["setuptools==83.0.0"]
build-backend = "setuptools.build_meta"
[project]
name = "shipped"
version = "1"
[tool.setuptools]
packages = ["shipped"]
[tool.setuptools.package-dir]
shipped = "folder"
TOML
touch folder/__init__.py
cat > folder/shape.py <<'PY'
class Shape:
    """A value."""
PY
cat > folder/thing.py <<'PY'
"""A module that says by which name it was imported.

>>> print("imported as", __name__)
imported as shipped.thing
>>> from shipped.shape import Shape
>>> isinstance(made(), Shape)
True
>>> isinstance(Own(), sys.modules["shipped.thing"].Own)
True
"""

import sys

import shipped.thing
from shipped.shape import Shape


class Own:
    """A class of this module."""


def made():
    return Shape()
PY
venv/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --editable .
run() { venv/bin/python -m pytest -q --doctest-modules --doctest-continue-on-failure --import-mode=importlib -p no:cacheprovider "$@" 2>&1 || true; }
for how in folder "--pyargs shipped"; do
  # shellcheck disable=SC2086
  said=$(run $how)
  echo "== pytest $how"; grep -E "imported as|^(True|False)|    (True|False)|passed|failed" <<<"$said" | sort -u
  grep -q "    imported as folder.thing" <<<"$said"
  grep -q "    False" <<<"$said"
done
venv/bin/python - <<'PY'
import doctest, importlib
found = doctest.testmod(importlib.import_module("shipped.thing"))
print("== doctest.testmod", found)
assert found.failed == 0 and found.attempted == 4, found
PY
echo "as described"
