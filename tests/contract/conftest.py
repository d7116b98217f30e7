"""The suites of this folder are no test modules by name; their assertions shall explain themselves all the same."""

from __future__ import annotations

import pytest

for _name in ("document_store", "image_source", "object_store", "run_store"):
    pytest.register_assert_rewrite(f"tests.contract.{_name}")
