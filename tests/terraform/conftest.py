"""What the Terraform tests share."""

from __future__ import annotations

import pytest
from terraform_tree import Tree, copy_of_the_source


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy of the Terraform source, one for each worker."""
    return copy_of_the_source(tmp_path_factory.mktemp("terraform"), tmp_path_factory.mktemp("plugins"))
