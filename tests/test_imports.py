"""Importing much at once, without looking for garbage in it."""

import gc
import sys

import pytest

from sora_mcp.imports import import_for_good


def test_modules_are_imported_and_garbage_is_looked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    import_for_good("json", "colorsys")
    assert "colorsys" in sys.modules
    assert gc.isenabled()


def test_a_module_that_is_not_there_leaves_garbage_collection_on() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_for_good("sora_mcp.nothing_of_this_name")
    assert gc.isenabled()
