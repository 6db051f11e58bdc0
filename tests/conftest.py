"""What holds for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from planner.roadcache import FOLDER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

# kernels compile within the first example, and a busy machine is no fault
settings.register_profile("planner", deadline=None)
settings.load_profile("planner")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the networks that tests read apart from those of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("kept")))
        yield
