"""The miniature project, published once; each drill breaks its own copy."""

import pytest

from tests.drills.forked import bilan
from tests.drills.miniature import Miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    project = Miniature.built_in(tmp_path_factory.mktemp("miniature"))
    code, said = bilan(project, "refresh")
    assert code == 0, said
    return project
