"""Hosts of no known name: what their documents, refusals and silence say."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sora_mcp.engines import knowledge
from sora_mcp.engines.dialects import COMPATIBLE, ModelFacts
from sora_mcp.engines.hosts import DYNAMO, LITELLM, SYNCHRONOUS, VLLM_OMNI
from sora_mcp.engines.knowledge import Knowledge, Recognised
from sora_mcp.engines.reading import HostWords
from sora_mcp.engines.recognition import recognise
from sora_mcp.logs import Redactor
from tests.engines.hosts import client_before_host, ended
from tests.fakes.hosts.base import Host, Record, fastapi_document
from tests.harness import small_mp4
from tests.serving import serving

KEY = {"Authorization": "Bearer sk-test-4711"}


async def recognised(app: Starlette, path: str = "/v1") -> Recognised:
    with anyio.fail_after(60):
        async with serving(app) as url, httpx2.AsyncClient() as client:
            return await recognise(client, url + path, KEY, None)


def documenting(paths: Mapping[str, Sequence[str]], title: str = "FastAPI") -> Starlette:
    return Starlette(
        routes=[Route("/openapi.json", fastapi_document(title, dict(paths)), methods=["GET"])]
    )


async def test_a_documented_host_is_known_by_its_paths() -> None:
    found = await recognised(
        documenting(
            {
                "/v1/videos": ["POST"],
                "/v1/videos/{video_id}": ["GET"],
                "/v1/videos/{video_id}/remix": ["POST"],
            }
        )
    )
    assert found.dialect.name == "compatible"
    assert found.dialect.operations == {
        "remix": "native",
        "extend": "emulated",
        "delete": "missing",
        "list": "missing",
        "thumbnails": "emulated",
    }


async def test_a_base_path_of_its_own_is_taken_off_the_documented_paths() -> None:
    app = documenting({"/api/v2/videos": ["POST", "GET"], "/api/v2/videos/{id}": ["DELETE"]})
    found = await recognised(app, "/api/v2")
    assert (found.dialect.list, found.dialect.delete) == ("native", "native")


async def test_a_host_with_nothing_but_a_synchronous_path_is_synchronous() -> None:
    found = await recognised(documenting({"/v1/videos/sync": ["POST"]}))
    assert found.dialect is SYNCHRONOUS


async def test_titles_that_are_known_tell_the_kind() -> None:
    found = await recognised(documenting({}, "NVIDIA Dynamo OpenAI Frontend"))
    assert found.dialect is DYNAMO


async def test_a_silent_host_is_plain_and_asked_again_later() -> None:
    with anyio.fail_after(60):
        async with httpx2.AsyncClient() as client:
            found = await recognise(client, "http://127.0.0.1:9/v1", KEY, None)
    assert found.dialect is COMPATIBLE
    assert found.reached is False


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>hello</html>", media_type="text/html"),
        Response("[1, 2", media_type="application/json"),
        JSONResponse([]),
        JSONResponse({"data": "x", "paths": 7, "info": []}),
        JSONResponse({"data": [None, {"id": 7}, {}], "paths": {"/v1/videos": 3}}),
        JSONResponse({"error": "no"}, 403),
        JSONResponse({"error": {"type": ["x"]}}),
        JSONResponse({"data": [{"id": "m", "created": {}}], "info": {"title": ["x"]}, "paths": {}}),
        Response("[" * 100_000, media_type="application/json"),
        Response(status_code=302, headers={"location": "http://127.0.0.1:9/"}),
    ],
    ids=range(10),
)
async def test_whatever_a_host_answers_it_still_works_as_a_plain_one(answer: Response) -> None:
    async def everything(request: Request) -> Response:
        return answer

    found = await recognised(Starlette(routes=[Route("/{path:path}", everything)]))
    assert found.dialect is COMPATIBLE
    assert found.reached is True


async def test_a_host_that_is_still_starting_is_not_judged_by_that() -> None:
    statuses = iter([503, 503])

    async def models(request: Request) -> Response:
        status = next(statuses, 200)
        listed = [{"id": "Wan", "owned_by": "vllm"}] if status == 200 else []
        return JSONResponse({"data": listed}, status)

    app = Starlette(routes=[Route("/v1/models", models)])
    async with serving(app) as url, httpx2.AsyncClient() as client:
        for _ in range(2):
            found = await recognise(client, f"{url}/v1", KEY, None)
            assert (found.dialect, found.reached) == (COMPATIBLE, False)
        found = await recognise(client, f"{url}/v1", KEY, None)
    assert (found.dialect, found.reached) == (VLLM_OMNI, True)


async def test_what_is_known_is_asked_for_again_when_it_was_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(knowledge, "ASK_AGAIN_SECONDS", -1)
    answers = [Recognised(COMPATIBLE, reached=False), Recognised(VLLM_OMNI)]
    asked = iter(answers)

    async def find_out() -> Recognised:
        return next(asked)

    known = Knowledge(find_out)
    assert [await known.get() for _ in range(4)] == [answers[0], *[answers[1]] * 3]


async def test_a_litellm_proxy_is_known_by_its_models_and_by_its_refusals() -> None:
    model = {"id": "veo", "object": "model", "created": 1677610602, "owned_by": "openai"}
    wrong = {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}
    for answer in (JSONResponse({"data": [model]}), JSONResponse(wrong, 400)):

        async def models(request: Request, answer: Response = answer) -> Response:
            return answer

        found = await recognised(Starlette(routes=[Route("/v1/models", models)]))
        assert found.dialect is LITELLM


async def test_the_key_is_not_sent_for_the_document_outside_the_base_path() -> None:
    seen: dict[str, str | None] = {}

    async def everything(request: Request) -> Response:
        seen[request.url.path] = request.headers.get("authorization")
        return JSONResponse({})

    await recognised(Starlette(routes=[Route("/{path:path}", everything)]))
    assert seen == {"/v1/models": KEY["Authorization"], "/openapi.json": None}


async def test_a_list_of_models_without_end_is_not_read_to_its_end() -> None:
    async def endless(request: Request) -> Response:
        return Response(b" " * (9 << 20) + b"{}")

    found = await recognised(Starlette(routes=[Route("/v1/models", endless)]))
    assert found.dialect is COMPATIBLE


def test_what_is_told_of_models_is_short_whatever_the_host_says_of_them() -> None:
    many = tuple(f"{number:020}" for number in range(1000))
    strange = ("1280x720", "of sk-test-4711", "x" * 21, "\ud800", *many)
    lengths = tuple(number + 0.125 for number in range(1000))
    models = {
        name: ModelFacts(name, sizes=strange, seconds=lengths)
        for name in (f"{number:0100}" for number in range(500))
    }
    known = Recognised(COMPATIBLE, models).fit(HostWords(Redactor(["sk-test-4711"])))
    facts = known.facts("host", None, None)
    assert len(facts.model_dump_json()) < 20_000
    assert "1280x720" in facts.sizes[0]
    assert "redacted" not in str(facts)
    assert "sk-test" not in str(facts)
    # What is not told counts all the same when a request is checked.
    assert len(next(iter(known.models.values())).sizes) == 1001


async def test_vllm_is_known_by_the_owner_of_its_models() -> None:
    async def models(request: Request) -> Response:
        return JSONResponse({"data": [{"id": "Wan", "owned_by": "vllm"}]})

    found = await recognised(Starlette(routes=[Route("/v1/models", models)]))
    assert found.dialect is VLLM_OMNI
    assert list(found.models) == ["Wan"]


class JsonOnlyHost(Host):
    """A gateway that reads JSON only, as Merge Gateway does, and says so with 415."""

    def routes(self) -> Sequence[Route]:
        return [
            self.open("/v1/videos", self._create, "POST"),
            self.open("/v1/videos/{id}", self._get),
            self.open("/v1/videos/{id}/content", self._content),
        ]

    def new_id(self, number: int) -> str:
        return f"vid_{number:04d}"

    def _shown(self, record: Record) -> dict[str, object]:
        return {"id": record.id, "status": "completed" if record.looks else "queued"}

    async def _create(self, request: Request) -> Response:
        if request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": {"message": "Send JSON."}}, 415)
        return JSONResponse(self._shown(self.take(await request.json())), 202)

    async def _get(self, request: Request) -> Response:
        record = self.records[request.path_params["id"]]
        record.looks += 1
        return JSONResponse(self._shown(record))

    async def _content(self, request: Request) -> Response:
        return self.ranged(request)


async def test_a_gateway_that_reads_json_only_is_found_out_by_its_refusal(tmp_path: Path) -> None:
    host = JsonOnlyHost(mp4=small_mp4())
    async with client_before_host(host, tmp_path) as client:
        for _ in range(2):
            data = await ended(client, "generate_video", prompt="a cat", model="m", seconds=4)
            assert data["status"] == "completed"
    assert host.accepted == [{"prompt": "a cat", "model": "m", "seconds": "4"}] * 2
    assert host.requests.count(("POST", "/v1/videos")) == 3
