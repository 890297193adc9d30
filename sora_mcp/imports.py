"""Importing many modules at once, which stay for good."""

import gc
import importlib
import sys


def import_for_good(*modules: str) -> None:
    """Import modules; nobody looks for garbage in what they hold, now or later.

    To look for it meanwhile took a tenth of a start, and later, again and again, a quarter of the
    time of a server that a hundred clients ask.
    """
    if all(module in sys.modules for module in modules):
        return
    looked = gc.isenabled()
    gc.disable()
    try:
        for module in modules:
            importlib.import_module(module)
        gc.freeze()
    finally:
        if looked:
            gc.enable()
