"""What holds for every test."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from planner import roadcache
from planner.roadcache import FOLDER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

# kernels compile within the first example, and a busy machine is no fault
settings.register_profile("planner", deadline=None)
settings.load_profile("planner")

# Bytecode is kept beside the code, as Python does unless somebody forbids it: every worker and every run of the program
# would compile all modules anew, which takes longer than most of what is tested.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what lasts to the end: thousands of tests, and all modules."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the networks that tests read apart from those of whoever runs the tests; all workers of a run share them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(shared / "kept"))
        patch.setattr(roadcache, "KEPT_FILES", 300)  # the small towns of a thousand tests would push the city out
        yield
