"""Compiled kernels on PCs that let the planner write little: the figures come all the same, and it is said why late.

Each case runs in a process of its own, on a copy of the package. A folder that cannot be written is one that cannot be
made, for its name or its parent's is that of a file: an administrator may write wherever the permissions say not to.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import planner

FIGURES = """
import json
import numpy as np
from planner._chains import trace
from planner._compiled import cache_note

# a street of two segments, followed from end to end
u, v = np.array([0, 1], dtype=np.int32), np.array([1, 2], dtype=np.int32)
start, ends = np.array([0, 1, 3, 4]), np.array([0, 1, 2, 3])
print(json.dumps({"note": cache_note(), "edges": trace(u, v, start, ends, np.array([False, True, False]))[3].tolist()}))
"""

NOTE_ONLY = """
import json
import planner._search
from planner._compiled import cache_note
print(json.dumps({"note": cache_note()}))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package that holds no compiled kernels."""
    source = Path(planner.__file__).parent
    shutil.copytree(source, tmp_path / "copy" / "planner", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    return tmp_path / "copy"


def run(copy: Path, code: str, home: Path, **more: str) -> Any:
    """Run code on the copy, with `home` as the user's folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_", "PYTHON"))}
    environment = kept | {"HOME": str(home), "LOCALAPPDATA": str(home), "PYTHONPATH": str(copy)} | more
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def lock(folder: Path) -> Path:
    """Put a file where a folder would be."""
    folder.write_text("a file", encoding="utf-8")
    return folder


def kernels_in(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in folder.rglob("*.nbi"))


def test_kernels_are_kept_beside_the_code(copy: Path, tmp_path: Path) -> None:
    found = run(copy, FIGURES, tmp_path / "home")
    assert found == {"note": ["", ""], "edges": [0, 1]}
    assert kernels_in(copy) == ["_chains.trace"]


def test_the_folder_that_the_environment_names_is_as_usual(copy: Path, tmp_path: Path) -> None:
    found = run(copy, NOTE_ONLY, tmp_path / "home", NUMBA_CACHE_DIR=str(tmp_path / "named"))
    assert found == {"note": ["", ""]}
    assert (tmp_path / "named").is_dir()


def test_beside_the_code_is_closed_then_the_users_folder_holds_them(copy: Path, tmp_path: Path) -> None:
    lock(copy / "planner" / "__pycache__")
    found = run(copy, FIGURES, tmp_path / "home")
    assert found["edges"] == [0, 1]
    key, folder = found["note"]
    assert key == "kernels_in_user_cache"
    assert Path(folder).is_relative_to(tmp_path / "home")
    assert kernels_in(Path(folder)) == ["_chains.trace"]


def test_both_are_closed_then_nothing_is_kept_and_the_figures_still_come(copy: Path, tmp_path: Path) -> None:
    lock(copy / "planner" / "__pycache__")
    found = run(copy, FIGURES, lock(tmp_path / "home"))
    assert found == {"note": ["kernels_not_kept", ""], "edges": [0, 1]}
    assert kernels_in(tmp_path) == []
