"""Where copies may be written."""

from pathlib import Path

import pytest

from sora_mcp.library.outputs import FolderOutputs
from sora_mcp.videos.errors import InvalidRequest, OutsideFolders
from sora_mcp.videos.models import Variant


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("first", "second", "elsewhere"):
        (tmp_path / name).mkdir()
    return tmp_path / "first", tmp_path / "second"


@pytest.fixture
def outputs(folders: tuple[Path, Path]) -> FolderOutputs:
    return FolderOutputs(folders)


@pytest.mark.parametrize(
    ("save_as", "variant", "below"),
    [
        ("cat.mp4", Variant.VIDEO, "cat.mp4"),
        ("cat", Variant.VIDEO, "cat.mp4"),
        ("CAT.MP4", Variant.VIDEO, "CAT.MP4"),
        ("cat.v2", Variant.VIDEO, "cat.v2.mp4"),
        ("cat.mov", Variant.VIDEO, "cat.mov.mp4"),
        ("run.sh", Variant.VIDEO, "run.sh.mp4"),
        ("cat.mp4", Variant.THUMBNAIL, "cat.mp4.webp"),
        ("cat.webp", Variant.THUMBNAIL, "cat.webp"),
        ("cat.jpeg", Variant.SPRITESHEET, "cat.jpeg"),
        ("cat", Variant.LAST_FRAME, "cat.png"),
        ("films/spring/cat.mp4", Variant.VIDEO, "films/spring/cat.mp4"),
        ("./cat.mp4", Variant.VIDEO, "cat.mp4"),
        ("Katze spielt Klavier – 猫.mp4", Variant.VIDEO, "Katze spielt Klavier – 猫.mp4"),
        ("console.mp4", Variant.VIDEO, "console.mp4"),
    ],
)
def test_relative_names_land_in_the_first_folder_with_the_right_ending(
    outputs: FolderOutputs,
    folders: tuple[Path, Path],
    save_as: str,
    variant: Variant,
    below: str,
) -> None:
    assert outputs.resolve(save_as, variant) == folders[0] / below
    assert outputs.output_dirs == folders


def test_absolute_paths_inside_any_folder_are_taken(
    outputs: FolderOutputs, folders: tuple[Path, Path]
) -> None:
    for folder in folders:
        path = folder / "films" / "cat.mp4"
        assert outputs.resolve(str(path), Variant.VIDEO) == path


@pytest.mark.requirement("ERROR-SAVE-AS")
@pytest.mark.parametrize(
    "save_as",
    [
        "../elsewhere/cat.mp4",
        "films/../../elsewhere/cat.mp4",
        "{first}/../elsewhere/cat.mp4",
        "{first}-not/cat.mp4",
        "/etc/cron.d/cat",
        "/cat.mp4",
        "link/cat.mp4",
        "link/deeper/cat.mp4",
        "{first}/link/cat.mp4",
        "..",
    ],
)
def test_no_name_leads_out_of_the_folders(
    outputs: FolderOutputs, folders: tuple[Path, Path], tmp_path: Path, save_as: str
) -> None:
    (folders[0] / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OutsideFolders) as raised:
        outputs.resolve(save_as.format(first=folders[0]), Variant.VIDEO)

    assert all(str(folder) in raised.value.message for folder in folders)


def test_a_link_with_the_name_itself_is_not_followed(
    outputs: FolderOutputs, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    (folders[0] / "cat.mp4").symlink_to(tmp_path / "elsewhere" / "cat.mp4")

    assert outputs.resolve("cat.mp4", Variant.VIDEO) == folders[0] / "cat.mp4"


def test_a_link_that_stays_inside_is_followed(
    outputs: FolderOutputs, folders: tuple[Path, Path]
) -> None:
    (folders[0] / "link").symlink_to(folders[1])

    assert outputs.resolve("link/cat.mp4", Variant.VIDEO) == folders[1] / "cat.mp4"


@pytest.mark.parametrize(
    ("save_as", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (".", "is a folder"),
        ("films/", "is a folder"),
        ("{first}", "is a folder"),
        (".env", "begin with"),
        (".git/hooks/post-checkout", "begin with"),
        ("films/.hidden/cat.mp4", "begin with"),
        ("~/cat.mp4", "begin with"),
        ("link/config", "begin with"),
        ("cat\0.mp4", "control characters"),
        ("cat\n.mp4", "control characters"),
        ("cat.mp4:stream", "control characters"),
        ("films\\cat.mp4", "control characters"),
        ("..\\..\\cat.mp4", "begin with"),
        ("what?.mp4", "control characters"),
        ("CON", "Windows reserves"),
        ("nul.mp4", "Windows reserves"),
        ("com1.tar.mp4", "Windows reserves"),
        ("aux /cat.mp4", "space or a dot"),
        ("prn/cat.mp4", "Windows reserves"),
        ("films./cat.mp4", "space or a dot"),
        ("x" * 201, "at most 200 bytes"),
        ("猫" * 70 + ".mp4", "at most 200 bytes"),
        ("\ud800.mp4", "broken characters"),
    ],
)
def test_names_that_no_file_should_have_are_refused(
    outputs: FolderOutputs, folders: tuple[Path, Path], save_as: str, words: str
) -> None:
    (folders[0] / ".git").mkdir()
    (folders[0] / "link").symlink_to(folders[0] / ".git")

    with pytest.raises(InvalidRequest, match=words) as raised:
        outputs.resolve(save_as.replace("{first}", str(folders[0])), Variant.VIDEO)

    assert len(raised.value.message) < 500


def test_folders_below_a_hidden_one_are_the_operators_choice(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "films"

    assert FolderOutputs([folder]).resolve("cat", Variant.VIDEO) == folder / "cat.mp4"
    with pytest.raises(OutsideFolders, match="writes no copies"):
        FolderOutputs([]).resolve("cat", Variant.VIDEO)
