"""How requests are written in each dialect."""

from typing import Any

import pytest

from sora_mcp.engines.dialects import COMPATIBLE, EMBEDDED, OPENAI
from sora_mcp.engines.openrouter import OPENROUTER
from sora_mcp.engines.recognition import by_address, named
from sora_mcp.videos.errors import InvalidRequest, NotConfigured
from sora_mcp.videos.models import Operation, Submission


def submission(**changes: Any) -> Submission:
    values: dict[str, Any] = {"operation": Operation.GENERATE, "prompt": "a cat"}
    return Submission(**(values | changes))


def test_only_what_the_caller_gave_is_sent_and_numbers_become_text() -> None:
    assert COMPATIBLE.request(submission(), {}).fields == {"prompt": "a cat"}
    asked = submission(model="wan", size="1280x720", seconds=4.0, options={"seed": 7})
    assert COMPATIBLE.request(asked, {}).fields == {
        "prompt": "a cat",
        "model": "wan",
        "size": "1280x720",
        "seconds": "4",
        "seed": "7",
    }
    assert COMPATIBLE.request(submission(seconds=2.5), {}).fields["seconds"] == "2.5"


def test_a_remix_sends_its_words_and_an_extension_its_length_too() -> None:
    parameters = {"model": "wan", "size": "1280x720", "seconds": 4.0}
    remix = submission(operation=Operation.REMIX, source_engine_job_id="v1", **parameters)
    extension = submission(operation=Operation.EXTEND, source_engine_job_id="v1", **parameters)
    assert COMPATIBLE.request(remix, {}).fields == {"prompt": "a cat"}
    source = {"video": {"id": "v1"}}
    assert COMPATIBLE.request(extension, {}).fields == {"prompt": "a cat", "seconds": "4", **source}


@pytest.mark.parametrize("name", ["output_path", "video_path", "perf_dump_path", "format"])
def test_an_option_that_is_not_listed_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(InvalidRequest, match="seed"):
        COMPATIBLE.request(submission(options={name: "/etc/passwd"}), {})


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], None, "x" * 5000, "inf", "nan", 1.5, True, -1])
def test_an_options_value_must_be_short_text_or_a_number(value: object) -> None:
    with pytest.raises(InvalidRequest, match=r"options\.seed"):
        EMBEDDED.request(submission(options={"seed": value}), {})


def test_hosts_are_told_apart_by_their_address_unless_the_operator_says() -> None:
    assert by_address("https://api.openai.com/v1") is OPENAI
    assert by_address("https://openrouter.ai/api/v1") is OPENROUTER
    assert by_address("https://api.openai.com.evil.example/v1") is None
    assert by_address("https://notopenrouter.ai/v1") is None
    assert by_address("http://127.0.0.1:8000/v1") is None
    assert named("compatible", "SORA_MCP_DIALECT") is COMPATIBLE
    with pytest.raises(NotConfigured, match="compatible"):
        named("klingon", "SORA_MCP_DIALECT")
