"""The wheel and the source distribution: complete, and good for a machine that has nothing."""

import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from sora_mcp.media.probe import probe
from tests.packaging.conftest import Distributions
from tests.packaging.newcomer import ROOT, environment, run, tools_of

REGISTRY_NAME = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))["name"]


def sources() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "sora_mcp").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def installed(distributions: Distributions, tmp_path: Path) -> Path:
    """The folder of the commands of an environment with nothing but the wheel."""
    folder = tmp_path / "environment"
    run("uv", "venv", "--quiet", "--python", sys.executable, folder, cwd=tmp_path)
    (python,) = [*folder.glob("bin/python"), *folder.glob("Scripts/python.exe")]
    run(
        *("uv", "pip", "install", "--quiet", "--python", python),
        *("--constraints", ROOT / "constraints.txt", distributions.wheel),
        cwd=tmp_path,
    )
    return python.parent


def test_the_wheel_holds_everything_that_the_program_needs_and_nothing_else(
    distributions: Distributions,
) -> None:
    with zipfile.ZipFile(distributions.wheel) as archive:
        shipped = {name for name in archive.namelist() if not name.endswith("/")}
    assert sources() - shipped == set()
    assert {name for name in shipped - sources() if ".dist-info/" not in name} == set()


def test_the_source_distribution_holds_what_a_build_needs_and_nothing_else(
    distributions: Distributions,
) -> None:
    with tarfile.open(distributions.sdist) as archive:
        files = {entry.name.partition("/")[2] for entry in archive if entry.isfile()}
    needed = sources() | {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO"}
    assert needed - files == set()
    assert files - needed <= {"pyproject.toml.orig"}  # uv's note of the file as it was


def test_the_description_of_the_wheel_has_the_name_that_the_registry_looks_for(
    distributions: Distributions,
) -> None:
    with zipfile.ZipFile(distributions.wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    assert f"mcp-name: {REGISTRY_NAME}\n" in metadata.replace(" -->", "\n")


async def test_the_wheel_in_an_empty_environment_makes_a_video_and_serves_tools(
    installed: Path, tmp_path: Path
) -> None:
    program = str(installed / "sora-mcp")
    newcomer = environment(tmp_path / "newcomer", PATH=str(installed))
    size = ("--size", "256x256", "--seconds", "1")
    made = run(program, "generate", "a calico cat", *size, "--json", cwd=tmp_path, env=newcomer)
    video = json.loads(made)["files"][0]
    path = Path(video["path"])
    assert path.is_relative_to(tmp_path / "newcomer")
    found = probe(path)
    assert (found.width, found.height, found.audio_codec) == (256, 256, "aac")
    assert len(await tools_of([program], newcomer, tmp_path)) == 10
