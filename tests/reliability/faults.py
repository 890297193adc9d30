"""What can go wrong at a host, and what is promised for each: the table of docs/reliability.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.videos_api import (
    Fault,
    accept_then,
    accept_then_reset,
    answer,
    error,
    reset,
    truncate,
)

SUBMIT = "POST /videos"
LOOK = "GET /videos/{id}"
FETCH = "GET /videos/{id}/content"
LIST = "GET /videos"
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True)
class Case:
    """A fault and the promise."""

    name: str
    faults: Mapping[str, Sequence[Fault]]
    accepted: int
    """Submissions that the host carried out."""
    status: str
    says: str
    """Words of the text that the agent sees."""
    code: str | None = None
    charged: str | None = None
    posts: int = 1
    """Submissions that arrived at the host."""
    host: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _refused(name: str, fault: Fault, says: str, code: str) -> Case:
    return Case(name, {SUBMIT: [fault]}, 0, "failed", says, code, "no")


def _unknown(name: str, fault: Fault, accepted: int) -> Case:
    """The list is out of order too, so the outcome cannot be found out."""
    blind = [error(500, "No list today.")] * 9
    says = "Do not call generate_video again; ask the user"
    faults = {SUBMIT: [fault], LIST: blind}
    return Case(name, faults, accepted, "unknown", says, "outcome_unknown", "unknown")


def _survived(name: str, route: str, *faults: Fault, **host: Any) -> Case:
    return Case(name, {route: faults}, 1, "completed", "is finished", host=host)


CASES = [
    # Refused: nothing was charged, nothing is repeated.
    _refused("400 on submission", error(400, "Bad size.", "invalid_value"), "Bad size.",
             "invalid_value"),
    _refused("400 moderation", error(400, "Not allowed.", "sentinel_block"), "Not allowed.",
             "sentinel_block"),
    _refused("401 wrong key", error(401, "Incorrect API key."), "SORA_MCP_API_KEY",
             "key_rejected"),
    _refused("402 no credit", error(402, "Pay first."), "no credit", "quota_exceeded"),
    _refused("403 forbidden", error(403, "Not yours."), "SORA_MCP_API_KEY", "key_rejected"),
    _refused("404 no Videos API", answer(404, {"detail": "Not Found"}), "SORA_MCP_BASE_URL",
             "engine_refused"),
    _refused("405 no Videos API", answer(405, {"detail": "Method Not Allowed"}),
             "SORA_MCP_BASE_URL", "engine_refused"),
    _refused("409 conflict", error(409, "Conflict."), "Conflict.", "engine_refused"),
    _refused("413 too large", answer(413, "<html>413</html>"), "HTML page", "engine_refused"),
    _refused("422 FastAPI detail", answer(422, {"detail": [{"msg": "field required"}]}),
             "field required", "engine_refused"),
    _refused("429 insufficient_quota", error(429, "No quota.", "insufficient_quota"), "no quota",
             "quota_exceeded"),
    _refused("307 redirect elsewhere", answer(307, "", {"location": "http://127.0.0.1:9/"}),
             "redirects (307) to http://127.0.0.1:9.", "engine_refused"),
    # Put off: sent again, because the host said that it took nothing.
    Case("429, then free", {SUBMIT: [error(429, "Slow down.")]}, 1, "completed", "is finished",
         posts=2),
    Case("429 with Retry-After", {SUBMIT: [error(429, "Slow down.", retry_after="3")]}, 1,
         "completed", "is finished", posts=2),
    Case("503 with Retry-After", {SUBMIT: [error(503, "Starting.", retry_after="3")]}, 1,
         "completed", "is finished", posts=2),
    Case("429 for ever", {SUBMIT: [error(429, "Slow down.")] * 9}, 0, "failed", "Slow down.",
         "engine_busy", "no", posts=5),
    # Of unknown outcome: sent once, never again.
    _unknown("500 on submission", error(500, "Oops."), 0),
    _unknown("502 HTML on submission", answer(502, GATEWAY_PAGE), 0),
    _unknown("503 without Retry-After", error(503, "Who knows."), 0),
    _unknown("504 after it was accepted", accept_then(504, GATEWAY_PAGE), 1),
    _unknown("408 on submission", error(408, "Too slow."), 0),
    _unknown("reset before it was read", reset, 0),
    _unknown("reset after it was accepted", accept_then_reset, 1),
    _unknown("200 with HTML after it was accepted", accept_then(200, "<html>ok</html>"), 1),
    _unknown("200 with JSON that is no job", accept_then(200, {"ok": True}), 1),
    # Found again in the host's list: sent once, and followed as if nothing had happened.
    Case("reset after it was accepted, list readable", {SUBMIT: [accept_then_reset]}, 1,
         "completed", "is finished"),
    Case("500 after it was accepted, list readable",
         {SUBMIT: [accept_then(500, {"error": {"message": "late"}})]}, 1, "completed",
         "is finished"),
    # Looking at the job.
    _survived("500 on every other look", LOOK, error(500, "Oops."), error(500, "Oops.")),
    _survived("502 HTML on a look", LOOK, answer(502, GATEWAY_PAGE)),
    _survived("200 with HTML on a look", LOOK, answer(200, "<html>maintenance</html>")),
    _survived("malformed JSON on a look", LOOK, answer(200, '{"id": "video_00')),
    _survived("resets on looks", LOOK, reset, reset, reset),
    _survived("429 on a look", LOOK, error(429, "Slow down.", retry_after="1")),
    _survived("401 on a look, then good again", LOOK, error(401, "Key is being rotated.")),
    _survived("404 on two looks", LOOK, error(404, "Not found."), error(404, "Not found.")),
    _survived("unheard-of status", LOOK, statuses=("queued", "warming_up", "completed")),
    _survived("other words for statuses", LOOK, statuses=("pending", "processing", "succeeded")),
    Case("404 for a minute", {LOOK: [error(404, "Not found.")] * 9}, 1, "lost",
         "no longer knows this job", "lost", "unknown"),
    Case("failed as HTTP 500 with the job",
         {LOOK: [answer(500, {"id": "video_0001", "status": "failed",
                              "error": {"message": "CUDA out of memory"}})]},
         1, "failed", "CUDA out of memory", "generation_failed"),
    Case("moderation during generation",
         {LOOK: [answer(200, {"id": "video_0001", "status": "failed",
                              "error": {"code": "moderation_blocked", "message": "Blocked."}})]},
         1, "failed", "Blocked.", "moderation_blocked"),
    Case("cancelled at the host", {LOOK: [answer(200, {"id": "video_0001", "status": "canceled"})]},
         1, "cancelled", "gave no reason", "generation_cancelled"),
    # Fetching the file.
    _survived("truncated, then resumed", FETCH, truncate(1000)),
    _survived("truncated four times", FETCH, *[truncate(1000)] * 4),
    _survived("truncated, ranges ignored", FETCH, truncate(1000), ignores_range=True),
    _survived("503 on the file", FETCH, error(503, "Busy.")),
    _survived("JSON instead of the file", FETCH, answer(200, {"error": {"message": "soon"}})),
    _survived("HTML instead of the file", FETCH, answer(200, GATEWAY_PAGE)),
    _survived("404 on the file, once", FETCH, error(404, "Not ready.")),
    Case("file never complete", {FETCH: [truncate(1000)] * 5}, 1, "completed", "download_video",
         "download_failed"),
    Case("file never a video", {FETCH: [answer(200, b"x" * 5000)] * 9}, 1, "completed",
         "download_video", "download_failed"),
    Case("file gone at the host", {FETCH: [error(410, "Deleted.")] * 9}, 1, "expired",
         "no longer has its file", "content_missing"),
]  # fmt: skip


def table() -> str:
    """The cases as the Markdown table of docs/reliability.md."""
    rows = [
        f"| {case.name} | {case.posts} | {case.accepted} | `{case.status}` | "
        f"{f'`{case.code}`' if case.code else '–'} | {case.charged or '–'} | {case.says} |"
        for case in CASES
    ]
    head = "| fault | sent | taken | final status | error code | charged | the agent reads |"
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows, ""])
