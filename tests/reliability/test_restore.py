"""Backup and restore, and a change of keys, as docs/deployment.md describes them."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from sora_mcp.videos.models import JobStatus, Variant
from tests.harness import OWNER, a_host, app_in, make, small_mp4
from tests.http.served import client_at, served_before
from tests.packaging.newcomer import ROOT
from tests.server.surface import made, quick_host, structured
from tests.serving import serving

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")


def back_up(ledger: Path, backup: Path) -> None:
    """What the page tells to do with the ledger, while it is in use: SQLite's online backup."""
    command = r"""^sqlite3 "\$SORA_MCP_HOME/(\S+)" "\.backup '/backup/(\S+)'"$"""
    found = re.search(command, PAGE, re.MULTILINE)
    assert found is not None
    assert found.groups() == (ledger.name, ledger.name)
    copy = backup / ledger.name
    with closing(sqlite3.connect(ledger)) as used, closing(sqlite3.connect(copy)) as kept:
        used.backup(kept)
        # Else readers of what is put back would wait for its writer.
        assert kept.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("kept_in", ["folder", "bucket"])
async def test_a_backup_made_while_it_runs_brings_videos_back_and_jobs_go_on(
    tmp_path: Path, kept_in: str, request: pytest.FixtureRequest
) -> None:
    home, library, backup = (tmp_path / name for name in ("home", "library", "backup"))
    place = request.getfixturevalue("bucket") if kept_in == "bucket" else None
    backup.mkdir()
    host = a_host(statuses=("completed",))
    async with serving(host.app()) as url:
        settings = {"base_url": f"{url}/v1"}
        async with app_in(tmp_path, **settings, storage_url=place) as app:
            videos = await app.videos()
            done = await make(videos, "a cat")
            host.statuses = ("queued", *["in_progress"] * 1000)
            running = await videos.start(await videos.plan.generate(OWNER, prompt="a dog"))
            await videos.wait_for_answer(running, 20)
            back_up(home / "ledger.sqlite", backup)
        if place is None:
            shutil.copytree(library, backup / "library")
            shutil.rmtree(library)
        shutil.rmtree(home)

        home.mkdir()
        shutil.copy(backup / "ledger.sqlite", home)
        if place is None:
            shutil.copytree(backup / "library", library)
        else:
            place = _moved(place)
        host.statuses = ("completed",)
        async with app_in(tmp_path, **settings, storage_url=place) as app:
            videos = await app.videos()
            assert (await videos.wait(OWNER, running.id, 60)).status is JobStatus.COMPLETED
            for job in (done, running):
                _, file = await videos.file(OWNER, job.id, Variant.VIDEO)
                data = await videos.read(file, 0, 1 << 20)
                assert data == small_mp4()
    assert len(host.accepted) == 2, "nothing was sent again"


def _moved(place: str) -> str:
    """The objects of a place somewhere else in its bucket, and nothing where they were."""
    import obstore
    from obstore.store import S3Store

    bucket = place.removeprefix("s3://").split("/")[0]
    store = S3Store(bucket, client_options={"allow_http": True})
    pages = obstore.list(store, "a/prefix")  # pyright: ignore[reportUnknownMemberType]
    keys = [meta["path"] for page in pages for meta in page]
    for key in keys:
        obstore.copy(store, key, key.replace("a/prefix", "another"))
    obstore.delete(store, keys)
    return f"s3://{bucket}/another"


async def test_links_go_on_working_while_the_key_that_signed_them_is_listed(tmp_path: Path) -> None:
    video_id = ""
    links: list[str] = []
    for keys, works in (("old", [True]), ("new,old", [True, True]), ("new", [False, True, True])):
        async with (
            served_before(quick_host(), tmp_path, secret_keys=SecretStr(keys)) as server,
            client_at(server, "http-auto") as client,
            httpx2.AsyncClient() as http,
        ):
            video_id = video_id or await made(client)
            shown = structured(await client.call_tool("get_video_status", {"video_id": video_id}))
            links.append(httpx2.URL(shown["files"][0]["url"]).raw_path.decode())
            answers = [await http.get(f"{server}{link}") for link in links]
            assert [answer.status_code == 200 for answer in answers] == works
            assert all(answer.status_code in (200, 403) for answer in answers)
