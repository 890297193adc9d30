"""Settings: where they come from, what counts, and what people are told about mistakes."""

import base64
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from sora_mcp.settings import Loaded, Settings, load_settings
from sora_mcp.videos.errors import NotConfigured
from sora_mcp.videos.spending import Prices


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def load(home: Path, environ: dict[str, str], **more: object) -> Loaded:
    env_file = more.pop("env_file", None)
    assert env_file is None or isinstance(env_file, Path)
    return load_settings({"SORA_MCP_HOME": str(home)} | environ, env_file=env_file, **more)


def key_of(loaded: Loaded) -> str | None:
    key = loaded.settings.api_key
    return None if key is None else key.get_secret_value()


def test_without_any_configuration_the_defaults_hold() -> None:
    settings = load_settings({}).settings
    assert settings.base_url is None
    assert settings.engine == "auto"
    assert settings.max_read_bytes == 720_000
    assert settings.max_file_bytes == 2 * 1024**3
    assert settings.max_active_jobs == 4
    assert settings.job_timeout_seconds == 3600
    assert (settings.share_paths, settings.log_level, settings.log_format) == (
        "auto",
        "info",
        "text",
    )
    assert settings.library.name == "sora-mcp"
    assert settings.any_limit is False


def test_the_projects_own_names_win_over_those_of_openai(home: Path) -> None:
    both = {
        "SORA_MCP_BASE_URL": "http://ours.example/v1",
        "SORA_MCP_API_KEY": "ours",
        "OPENAI_BASE_URL": "http://theirs.example/v1",
        "OPENAI_API_KEY": "theirs",
    }
    ours = load(home, both)
    assert (ours.settings.base_url, key_of(ours)) == ("http://ours.example/v1", "ours")
    theirs = load(home, {name: value for name, value in both.items() if "OPENAI" in name})
    assert (theirs.settings.base_url, key_of(theirs)) == ("http://theirs.example/v1", "theirs")


def test_a_key_without_a_base_url_is_reported_as_stray(home: Path) -> None:
    key = {"OPENAI_API_KEY": "sk-left-over"}
    assert load(home, key).stray_key == "OPENAI_API_KEY"
    assert load(home, key | {"SORA_MCP_API_KEY": "sk-ours"}).stray_key == "SORA_MCP_API_KEY"
    assert load(home, key | {"OPENAI_BASE_URL": "http://h.example/v1"}).stray_key is None
    assert load(home, key | {"SORA_MCP_ENGINE": "openai"}).stray_key is None
    assert load(home, {}).stray_key is None


def test_a_value_that_still_holds_a_placeholder_counts_as_unset(home: Path) -> None:
    loaded = load(
        home,
        {
            "SORA_MCP_BASE_URL": "${user_config.base_url}",
            "OPENAI_API_KEY": "${OPENAI_API_KEY}",
            "SORA_MCP_SECONDS": "${SECONDS}",
            "SORA_MCP_MODLE": "${MODEL}",
        },
    )
    assert loaded.settings.base_url is None
    assert loaded.settings.api_key is None
    assert loaded.settings.seconds is None
    assert loaded.stray_key is None
    assert loaded.warnings == ()


def test_an_empty_value_counts_as_unset(home: Path) -> None:
    loaded = load(home, {"SORA_MCP_SECONDS": " ", "SORA_MCP_LIBRARY": ""})
    assert loaded.settings.seconds is None
    assert loaded.settings.library.name == "sora-mcp"


@pytest.mark.parametrize("value", ["", " ", "${TOKEN}"])
def test_an_empty_token_is_told(home: Path, value: str) -> None:
    loaded = load(home, {"SORA_MCP_AUTH_TOKEN": value})
    assert loaded.settings.auth_token is None
    assert loaded.warnings == ("SORA_MCP_AUTH_TOKEN is set but empty, so nobody is asked for it.",)


def test_an_unknown_name_gets_a_warning_with_the_name_that_was_meant(home: Path) -> None:
    loaded = load(home, {"SORA_MCP_BASEURL": "http://h.example/v1", "SORA_MCP_ZZZZZZ": "1"})
    first, second = loaded.warnings
    assert first == (
        "SORA_MCP_BASEURL is not a setting and was ignored. Did you mean SORA_MCP_BASE_URL?"
    )
    assert second.startswith("SORA_MCP_ZZZZZZ is not a setting and was ignored.")
    assert loaded.settings.base_url is None


def test_flags_win_over_the_environment(home: Path) -> None:
    environ = {"SORA_MCP_SIZE": "1280x720", "SORA_MCP_MODEL": "a"}
    settings = load(home, environ, size="720x1280", model=None).settings
    assert (settings.size, settings.model) == ("720x1280", "a")


def test_an_env_file_is_read_from_the_home_folder_and_the_environment_wins(home: Path) -> None:
    (home / ".env").write_text("SORA_MCP_MODEL=from-file\nSORA_MCP_SIZE=256x256\n")
    settings = load(home, {"SORA_MCP_MODEL": "from-environment"}).settings
    assert (settings.model, settings.size) == ("from-environment", "256x256")


def test_a_named_env_file_is_read_in_place_of_the_one_at_home(home: Path, tmp_path: Path) -> None:
    (home / ".env").write_text("SORA_MCP_MODEL=from-home\n")
    named = tmp_path / "studio.env"
    named.write_text("SORA_MCP_SIZE=256x256\n")
    settings = load(home, {}, env_file=named).settings
    assert (settings.model, settings.size) == (None, "256x256")


def test_an_env_file_in_the_working_folder_is_never_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers = tmp_path / "project"
    strangers.mkdir()
    (strangers / ".env").write_text("SORA_MCP_BASE_URL=http://evil.example/v1\n")
    monkeypatch.chdir(strangers)
    assert load(home, {}).settings.base_url is None


def test_a_named_env_file_that_is_missing_is_an_error_that_names_it(home: Path) -> None:
    with pytest.raises(NotConfigured, match=r"gone\.env does not exist"):
        load(home, {}, env_file=home / "gone.env")


def test_folders_are_separated_as_the_platform_does_and_a_tilde_is_the_persons_home(
    home: Path,
) -> None:
    value = os.pathsep.join(["~/pictures", str(home)])
    settings = load(home, {"SORA_MCP_INPUT_DIRS": value, "SORA_MCP_LIBRARY": "~/films"}).settings
    assert settings.input_dirs == (Path.home() / "pictures", home)
    assert settings.output_dirs is None
    assert settings.library == Path.home() / "films"


@pytest.mark.parametrize(
    ("text", "number"), [("500000", 500_000), ("500_000", 500_000), ("2 GiB", 2 * 1024**3)]
)
def test_byte_counts_may_carry_a_unit(home: Path, text: str, number: int) -> None:
    assert load(home, {"SORA_MCP_MAX_FILE_BYTES": text}).settings.max_file_bytes == number


def test_host_names_are_separated_by_commas_or_spaces(home: Path) -> None:
    loaded = load(home, {"SORA_MCP_ALLOWED_HOSTS": "a.example, b.example c.example"})
    assert loaded.settings.allowed_hosts == ("a.example", "b.example", "c.example")


def test_prices_come_as_json_or_from_a_toml_file(home: Path) -> None:
    file = home / "prices.toml"
    file.write_text('["gateway.example"]\n"wan-*" = 0.05\n')
    for value in ('{"gateway.example": {"wan-*": 0.05}}', str(file)):
        prices = Prices(load(home, {"SORA_MCP_PRICES": value}).settings.prices)
        assert prices.estimate("gateway.example", "wan-2.2", None, 4).usd == 0.2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SORA_MCP_SECONDS", "s3cret-mistake"),
        ("SORA_MCP_SECONDS", "-1"),
        ("SORA_MCP_ENGINE", "s3cret-mistake"),
        ("SORA_MCP_MAX_ACTIVE_JOBS", "0"),
        ("SORA_MCP_MAX_READ_BYTES", "s3cret-mistake"),
        ("SORA_MCP_LOG_LEVEL", "s3cret-mistake"),
        ("SORA_MCP_SIZE", "s3cret-mistake"),
        ("SORA_MCP_SECONDS", "9999"),
        ("SORA_MCP_PRICES", '{"host": "s3cret-mistake"}'),
        ("SORA_MCP_PRICES", "/does/not/exist.toml"),
    ],
)
def test_a_value_that_will_not_do_is_an_error_that_names_the_variable(
    home: Path, name: str, value: str
) -> None:
    with pytest.raises(NotConfigured, match=name) as caught:
        load(home, {name: value})
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("localhost:8000/v1", "with http:// or https:// at its beginning"),
        ("s3cret.example/v1", "with http:// or https:// at its beginning"),
        ("ftp://s3cret.example/v1", "with http:// or https:// at its beginning"),
        ("http://me:s3cret@h:99999/v1", "its host or port cannot be one"),
        ("http://h:s3cret/v1", "its host or port cannot be one"),
        ("http://[::1/v1", "its host or port cannot be one"),
        ("http://a..example/v1", "its host or port cannot be one"),
        ("http:///v1", "with a host"),
        ("http://me:s3cret@/v1", "with a host"),
        ("http://h/v1?key=s3cret", "a key has a setting of its own"),
        ("http://h/v1 gpu2:8000/v1", "with http:// or https:// at its beginning"),
        ("http://h/v1,http://s3cret/v1", "separated by spaces, not by commas"),
    ],
)
@pytest.mark.parametrize("name", ["SORA_MCP_BASE_URL", "OPENAI_BASE_URL"])
def test_a_base_url_that_is_none_is_told_what_to_be_and_not_shown(
    home: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(NotConfigured, match=rf"^{name} must be a URL such as http://") as caught:
        load(home, {name: value})
    assert said in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("value", ["foo", "ftp://h", "https://me:s3cret@h", "https://h?x=1"])
def test_an_address_of_the_server_that_is_none_is_told(home: Path, value: str) -> None:
    with pytest.raises(NotConfigured, match=r"SORA_MCP_PUBLIC_URL must be the address") as caught:
        load(home, {"SORA_MCP_PUBLIC_URL": value})
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("HTTPS://Me:pW@H.example", "https://Me:pW@h.example"),
        ("http://a/v1  http://B_c:1/V1/", "http://a/v1 http://b_c:1/V1/"),
    ],
)
def test_a_base_url_may_have_any_host_in_any_case(home: Path, value: str, kept: str) -> None:
    assert load(home, {"SORA_MCP_BASE_URL": value}).settings.base_url == kept


@pytest.mark.parametrize(
    ("key", "place"), [("s3cr\net", 5), ("\u201cs3cret\u201d", 1), ("s3cr\x00et", 5)]
)
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(
    home: Path, key: str, place: int
) -> None:
    engines = home / "engines.toml"
    engines.write_text('[wan]\nbase_url = "http://h/v1"\napi_key_env = "WAN_KEY"\n')
    for environ in (
        {"SORA_MCP_API_KEY": key},
        {"OPENAI_API_KEY": key},
        {"SORA_MCP_ENGINES_FILE": str(engines), "WAN_KEY": key},
    ):
        name = list(environ)[-1]
        with pytest.raises(NotConfigured, match=rf"{name} must be .*character {place} ") as caught:
            load(home, environ)
        assert "paste it again" in caught.value.message
        assert "s3cr" not in caught.value.message


def test_a_key_and_a_password_in_the_base_url_are_one_too_many(home: Path) -> None:
    address = "http://me:s3cret@h.example/v1"
    engines = home / "engines.toml"
    engines.write_text(f'[wan]\nbase_url = "{address}"\napi_key_env = "WAN_KEY"\n')
    for environ in (
        {"SORA_MCP_BASE_URL": address, "OPENAI_API_KEY": "sk-1"},
        {"SORA_MCP_ENGINES_FILE": str(engines), "WAN_KEY": "sk-1"},
    ):
        with pytest.raises(NotConfigured, match="only one of them can be sent") as caught:
            load(home, environ)
        assert "s3cret" not in caught.value.message
    assert load(home, {"SORA_MCP_BASE_URL": address}).settings.base_url == address


def test_a_named_engine_does_not_take_the_place_of_the_base_urls_host(home: Path) -> None:
    engines = home / "engines.toml"
    engines.write_text('["GPU1.example"]\nbase_url = "http://127.0.0.1:9/v1"\n')
    both = {
        "SORA_MCP_ENGINES_FILE": str(engines),
        "SORA_MCP_BASE_URL": "http://me:pw@gpu1.example/v1",
    }
    with pytest.raises(NotConfigured, match=r"\[GPU1\.example\].* has that name"):
        load(home, both)
    assert load(
        home, {**both, "SORA_MCP_BASE_URL": "http://gpu2.example/v1"}
    ).settings.named_engines


@pytest.mark.parametrize(
    "name",
    [
        "SORA_MCP_MAX_COST_USD",
        "SORA_MCP_DAILY_BUDGET_USD",
        "SORA_MCP_SERVER_DAILY_BUDGET_USD",
        "SORA_MCP_CONFIRM_ABOVE_USD",
    ],
)
def test_a_limit_of_zero_is_a_limit(home: Path, name: str) -> None:
    assert load(home, {name: "0"}).settings.any_limit is True


def test_settings_cannot_be_changed_and_never_show_a_secret() -> None:
    settings = load_settings({"SORA_MCP_API_KEY": "do-not-show-me"}).settings
    with pytest.raises(ValidationError, match="frozen"):
        settings.model = "other"  # pyright: ignore[reportAttributeAccessIssue]  # what is tested
    assert "do-not-show-me" not in f"{settings!r} {settings.model_dump_json()}"


def test_settings_built_in_code_do_not_look_at_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SORA_MCP_MODEL", "from-environment")
    monkeypatch.setenv("MODEL", "from-environment")
    assert Settings().model is None


@pytest.mark.parametrize(
    "secret",
    [
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_do-not-show-me",
        f"whsec_{base64.b64encode(bytes(23)).decode()}",
        f"whsec_{base64.b64encode(bytes(65)).decode()}",
    ],
)
def test_a_webhook_secret_that_is_none_is_refused_with_the_way_to_make_one(
    home: Path, secret: str
) -> None:
    with pytest.raises(NotConfigured) as refused:
        load_settings({"SORA_MCP_HOME": str(home), "OPENAI_WEBHOOK_SECRET": secret})
    assert refused.value.message.startswith("OPENAI_WEBHOOK_SECRET must be whsec_ and 24 to 64")
    assert 'echo "whsec_$(openssl rand -base64 32)"' in refused.value.message
    assert secret == "whsec_" or secret not in refused.value.message  # noqa: S105  # its prefix


WEBHOOK_SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"


@pytest.mark.parametrize(
    "url", ["https://n8n.example.com/webhook/a1?key=b2", "http://127.0.0.1:5678/x", "http://[::1]/"]
)
def test_ends_of_jobs_may_be_told_over_https_or_on_this_machine(home: Path, url: str) -> None:
    variables = {"SORA_MCP_WEBHOOK_URL": url, "SORA_MCP_WEBHOOK_SECRET": WEBHOOK_SECRET}
    settings = load(home, variables).settings
    assert settings.webhook_url is not None
    assert settings.webhook_url.get_secret_value() == url
    assert url not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"URL": "https://example.com/do-not-show"}, "SORA_MCP_WEBHOOK_SECRET must be whsec_"),
        ({"URL": "http://example.com/do-not-show"}, "SORA_MCP_WEBHOOK_URL must be an address"),
        ({"URL": "https://do:not-show@example.com"}, "SORA_MCP_WEBHOOK_URL must be an address"),
        ({"URL": "https://do-not-show:x/"}, "SORA_MCP_WEBHOOK_URL must be an address"),
        ({"URL": "ftp://do-not-show.example"}, "SORA_MCP_WEBHOOK_URL must be an address"),
        ({"SECRET": "do-not-show"}, "SORA_MCP_WEBHOOK_SECRET must be whsec_"),
    ],
)
def test_a_receiver_that_will_not_do_is_refused_with_what_would(
    home: Path, variables: dict[str, str], said: str
) -> None:
    with pytest.raises(NotConfigured) as refused:
        load(home, {f"SORA_MCP_WEBHOOK_{name}": value for name, value in variables.items()})
    assert said in refused.value.message
    assert "not-show" not in refused.value.message


@pytest.mark.parametrize(
    "value",
    [
        "gs://bucket",
        "s3://",
        "s3:///prefix",
        "s3://key:do-not-show-me@bucket/prefix",
        "s3://Bucket",
        "s3://bucket/../other",
        "s3://bucket//prefix",
        "s3://bucket/prefix?region=do-not-show-me",
    ],
)
def test_an_address_that_is_no_buckets_is_refused_and_not_shown(home: Path, value: str) -> None:
    with pytest.raises(NotConfigured, match="SORA_MCP_STORAGE_URL must be the address") as caught:
        load(home, {"SORA_MCP_STORAGE_URL": value})
    assert "do-not-show-me" not in caught.value.message


def test_the_address_of_a_bucket_is_taken_with_and_without_a_prefix(home: Path) -> None:
    for value in ("s3://bucket", "s3://bucket/a/pre.fix_1"):
        assert load(home, {"SORA_MCP_STORAGE_URL": f"{value}/"}).settings.storage_url == value


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECONDS", "abc", "SORA_MCP_SECONDS must be a number."),
        ("SECONDS", "0", "SORA_MCP_SECONDS must be above 0."),
        ("MAX_ACTIVE_JOBS", "2.5", "SORA_MCP_MAX_ACTIVE_JOBS must be a whole number."),
        ("MAX_COST_USD", "-1", "SORA_MCP_MAX_COST_USD must be at least 0."),
        ("ENGINE", "sora", "SORA_MCP_ENGINE must be one of 'auto', 'embedded' or 'openai'."),
    ],
)
def test_what_a_setting_must_be_is_said_in_our_words(
    home: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(NotConfigured) as caught:
        load_settings({"SORA_MCP_HOME": str(home), f"SORA_MCP_{name}": value})
    assert str(caught.value) == said
