"""File names for people."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_mcp.library.naming import MAX_SLUG, sibling, sidecar, slug, video_name
from sora_mcp.videos.models import Variant
from tests.library.hosts import make_job


def test_a_video_is_named_by_day_words_and_id() -> None:
    job = make_job("vid_7k2m9q4x2c", created_at=datetime(2026, 11, 20, 23, 59, tzinfo=UTC))

    assert video_name(job) == "2026-11-20 a-calico-cat-playing-a-piano-on-stage vid_7k2m9q4x2c.mp4"


def test_a_title_names_a_video_better_than_its_prompt() -> None:
    assert " the-trailer vid_" in video_name(make_job(title="The Trailer!"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Crème brûlée, in São Paulo…", "creme-brulee-in-sao-paulo"),
        ("../../etc/passwd\0\n", "etc-passwd"),
        ('CON: <a> "b" |c| ?*\\', "con-a-b-c"),
        ("一只猫弹钢琴", "一只猫弹钢琴"),
        ("Кот играет на пианино", "кот-играет-на-пианино"),
        ("बिल्ली पियानो बजाती है", "बिल्ली-पियानो-बजाती-है"),
        ("Кот plays a very long piano piece", "plays-a-very-long-piano-piece"),
        ("🎹🐈", "video"),
        ("", "video"),
        ("STRASSE und Straße", "strasse-und-strasse"),
    ],
)
def test_words_become_a_safe_part_of_a_name(text: str, name: str) -> None:
    assert slug(text) == name


def test_a_long_prompt_is_cut_between_words() -> None:
    words = slug("a calico cat in a small red hat is playing the grand piano on a stage " * 20)

    assert words == "a-calico-cat-in-a-small-red-hat-is-playing-the"
    assert len(words) <= MAX_SLUG


@pytest.mark.parametrize("letter", ["x", "猫", "𐍈", "ﷺ"])
def test_the_longest_name_fits_every_file_system(letter: str) -> None:
    video = Path(video_name(make_job(prompt=letter * 32_000)))

    names = [video, sidecar(video), *(sibling(video, variant) for variant in Variant)]
    assert max(len(path.name.encode()) for path in names) <= 250


def test_the_files_of_a_video_stand_beside_it() -> None:
    video = Path("/films/2026-11-20 cat vid_7k2m9q4x2c.mp4")

    assert [sibling(video, variant).name.partition("x2c")[2] for variant in Variant] == [
        ".mp4",
        ".thumbnail.webp",
        ".spritesheet.jpg",
        ".last_frame.png",
    ]
    assert sidecar(video).name == "2026-11-20 cat vid_7k2m9q4x2c.json"
    assert sidecar(video).parent == video.parent
