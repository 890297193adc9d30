"""The page shows the code that the tests run, and nothing else."""

import re
from pathlib import Path

from tests.cookbook.examples import EXAMPLES

PAGE = (EXAMPLES.parent / "cookbook.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"^\[`([\w.]+)`\]\(examples/([\w.]+)\)[^\n]*\n\n```\w+\n(.*?)^```$", PAGE, re.M | re.S
)


def test_every_code_block_is_the_file_that_is_named_above_it() -> None:
    assert len(BLOCKS) == PAGE.count("\n```") / 2
    for name, target, code in BLOCKS:
        assert name == target
        assert code == (EXAMPLES / name).read_text(encoding="utf-8"), name


def test_every_example_is_on_the_page_and_is_run_by_a_test() -> None:
    examples = sorted(path.name for path in EXAMPLES.iterdir() if path.is_file())
    assert sorted(name for name, _, _ in BLOCKS) == examples
    tests = "".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")
    )
    assert [name for name in examples if f'"{name}"' not in tests] == []
