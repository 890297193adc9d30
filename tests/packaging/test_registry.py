"""server.json, with which the MCP registry lists the server."""

import json
import re
import tomllib
from typing import Any

import jsonschema
import pytest

from sora_mcp.settings import load_settings
from tests.packaging.newcomer import ROOT

ENTRY: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
PACKAGE: dict[str, Any] = ENTRY["packages"][0]
SCHEMA: dict[str, Any] = json.loads(
    (ROOT / "tests" / "packaging" / "server.schema.json").read_text(encoding="utf-8")
)


def test_it_is_what_the_schema_of_the_registry_asks_for() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(ENTRY, SCHEMA, jsonschema.Draft7Validator)
    assert ENTRY["$schema"] == SCHEMA["$id"]


BAD: list[dict[str, Any]] = [
    {"name": "no namespace"},
    {"description": "x" * 101},
    {"packages": [{"registryType": "pypi"}]},
]


@pytest.mark.parametrize("change", BAD)
def test_the_schema_refuses_what_the_registry_would_refuse(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(ENTRY | change, SCHEMA, jsonschema.Draft7Validator)


def test_the_readme_carries_its_name_for_the_registry_to_find() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- mcp-name: (\S+) -->", readme) == [ENTRY["name"]]


def test_it_names_the_package_and_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (PACKAGE["identifier"], PACKAGE["version"]) == (project["name"], project["version"])
    assert ENTRY["version"] == project["version"]


def test_every_variable_that_it_asks_for_is_a_setting() -> None:
    numbers = {v["name"]: "1" for v in PACKAGE["environmentVariables"] if "choices" not in v}
    choices = {v["name"]: v["default"] for v in PACKAGE["environmentVariables"] if "choices" in v}
    of_files = {"SORA_MCP_ENGINES_FILE", "SORA_MCP_PRICES"}  # whose value has to be a file
    texts = {
        "SORA_MCP_BASE_URL": "http://127.0.0.1:8000/v1",
        "SORA_MCP_SIZE": "1280x720",
        "SORA_MCP_STORAGE_URL": "s3://bucket",
        "SORA_MCP_DATABASE_URL": "postgresql://database/sora",
    }
    values = {name: numbers[name] for name in numbers.keys() - of_files} | texts | choices
    assert load_settings(values).warnings == ()


def test_keys_are_marked_as_secret() -> None:
    secret = {v["name"] for v in PACKAGE["environmentVariables"] if v.get("isSecret")}
    assert secret == {"SORA_MCP_API_KEY", "SORA_MCP_DATABASE_URL"}
