"""The container image and the composition of services: what can be seen without building them."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from starlette.routing import Route

from sora_mcp.cli import main
from sora_mcp.http.asgi import build_asgi
from sora_mcp.http.drain import Stopping
from sora_mcp.settings import Settings, load_settings
from tests.harness import app_in
from tests.packaging.newcomer import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and line[0] != "#"]
yaml: Any = pytest.importorskip("yaml", reason="needs the group `integration`")

CADDYFILE = (ROOT / "packaging/image/Caddyfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = {
    "POSTGRES_PASSWORD": "pw",
    "SORA_MCP_AUTH_TOKEN": "token",
    "SORA_MCP_SECRET_KEYS": "key",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


def told(instruction: str, stage: int = -1) -> list[str]:
    """The arguments of an instruction, in the last stage or another one."""
    starts = [number for number, line in enumerate(LINES) if line[0] == "FROM"]
    end = len(LINES) if stage == -1 else starts[stage + 1]
    return [line[1] for line in LINES[starts[stage] : end] if line[0] == instruction]


def filled_in(value: str) -> str:
    """A value of the composition with the secrets in it, as Compose reads it."""
    return re.sub(
        r"\$\{(\w+)(?::([-?])([^}]*))?\}",
        lambda found: SECRETS.get(found[1], found[3] if found[2] == "-" else ""),
        value,
    )


def environment_of(service: str) -> dict[str, str]:
    return {name: filled_in(value) for name, value in SERVICES[service]["environment"].items()}


def test_the_image_says_which_server_of_the_registry_it_is() -> None:
    entry = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    (labels,) = told("LABEL")
    values = dict(pair.split("=", 1) for pair in shlex.split(labels))
    assert values["io.modelcontextprotocol.server.name"] == entry["name"]
    assert values["org.opencontainers.image.version"] == entry["version"]


def test_the_image_runs_as_somebody_without_rights_who_may_write_to_one_place() -> None:
    order = [line[0] for line in LINES[-20:]]
    (user,) = told("USER")
    assert int(user) > 0
    assert order.index("USER") > max(i for i, name in enumerate(order) if name == "RUN")
    assert told("VOLUME") == ["/data"]
    (variables,) = told("ENV")
    places: dict[str, str] = dict(re.findall(r"(SORA_MCP_\w+)=(\S+)", variables))
    assert all(place.startswith("/data/") for place in places.values())
    assert load_settings(places).warnings == ()


def test_every_image_has_an_exact_version() -> None:
    stages = {line[1].split(" AS ")[-1] for line in LINES if line[0] == "FROM"}
    images = [line[1].split(" AS ")[0] for line in LINES if line[0] == "FROM"]
    images += [service["image"] for service in SERVICES.values()]
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[\w.]+)?$", image), image
    copied = re.findall(r"--from=(\S+)", DOCKERFILE)
    assert set(copied) <= stages


def test_all_that_is_copied_into_the_image_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in told("COPY", stage=1):
        *sources, _ = [word for word in line.split() if not word.startswith("--from")]
        for source in sources if "--from" not in line else []:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored


def test_notices_are_made_of_all_that_is_installed_and_bundled() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "packaging" / "image" / "notices.py"],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    for word in ("\nav 1", "\nmcp 2", "libavcodec 6", "libx264", "Permission is hereby granted"):
        assert word in done.stdout, word
    page = (ROOT / "packaging" / "image" / "SOURCES.md").read_text(encoding="utf-8").lower()
    offer = "".join(re.findall(r"^\|(.*)\|.*\|$", page, re.MULTILINE))
    bundled = done.stdout.split("Bundled with PyAV:")[1].split()
    names = [re.split(r"[-.]", file.lower().removeprefix("lib"))[0] for file in bundled]
    assert [name for name in names if name not in offer] == []


@pytest.mark.parametrize("service", ["server-1", "server-2", "worker"])
def test_every_variable_of_a_service_is_a_setting_and_will_do(service: str) -> None:
    values = environment_of(service)
    loaded = load_settings(values)
    ours = [name for name in values if name.startswith("SORA_MCP_")]
    assert {name.removeprefix("SORA_MCP_").lower() for name in ours} <= set(Settings.model_fields)
    assert loaded.warnings == ()
    assert loaded.settings.storage_url == "s3://videos/sora-mcp"
    assert loaded.settings.database_url is not None
    assert loaded.settings.database_url.get_secret_value() == "postgresql://sora:pw@postgres/sora"
    assert values == environment_of("server-1"), "replicas share their settings"


def test_every_secret_has_to_be_given() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for name in SECRETS:
        uses = re.findall(rf"\$\{{{name}[^}}]*\}}", text)
        assert uses
        assert set(uses) == {f"${{{name}:?}}"}


def test_services_name_each_other_and_the_volumes_that_there_are() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= SERVICES.keys()
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).is_file()
    homes = [SERVICES[name]["volumes"] for name in ("server-1", "server-2", "worker")]
    assert len({str(home) for home in homes}) == 3, "no home is shared"
    upstreams = re.findall(r"([\w-]+):8000\b", CADDYFILE)
    assert set(upstreams) == {"server-1", "server-2"}


def test_services_are_started_with_commands_that_there_are() -> None:
    (served,) = told("CMD")
    for name, *options in (json.loads(served), SERVICES["worker"]["command"].split()):
        with click.Context(main) as context:
            command = main.get_command(context, name)
        assert command is not None
        command.make_context(name, options)


async def test_what_tells_whether_a_server_is_well_asks_for_a_route_that_there_is(
    tmp_path: Path,
) -> None:
    async with app_in(tmp_path) as app:
        asgi = build_asgi(
            app,
            transport="http",
            public_url="http://127.0.0.1:8000",
            same_machine=True,
            stopping=Stopping(),
        )
    paths = {route.path for route in asgi.routes if isinstance(route, Route)}
    (check,) = told("HEALTHCHECK")
    asked: list[str] = [urlsplit(str(url)).path for url in re.findall(r"http://[^']+", check)]
    asked += re.findall(r"health_uri (\S+)", CADDYFILE)
    assert len(asked) == 2
    assert set(asked) <= paths
