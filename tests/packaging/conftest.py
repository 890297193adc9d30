"""What is built once for all tests of this folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packaging.newcomer import ROOT, run


@dataclass(frozen=True)
class Distributions:
    """What is published."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The source distribution, and the wheel that is built from it."""
    if shutil.which("uv") is None:
        pytest.skip("needs uv")
    folder = tmp_path_factory.mktemp("dist")
    run("uv", "build", "--quiet", "--out-dir", folder, ROOT, cwd=folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Distributions(sdist, wheel)


@pytest.fixture
def published(distributions: Distributions, tmp_path: Path) -> dict[str, str]:
    """What makes uv take sora-mcp, by its name alone, as if it were published as it is here."""
    constraints = tmp_path / "published.txt"
    exact = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    constraints.write_text(f"sora-mcp @ {distributions.wheel.as_uri()}\n{exact}", encoding="utf-8")
    return {"UV_CONSTRAINT": str(constraints)}
