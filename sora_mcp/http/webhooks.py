"""Messages of engines: a host says that a job is done, and we look at once instead of later."""

import logging

from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sora_mcp.app import App
from sora_mcp.http.refusals import later
from sora_mcp.videos.errors import SoraError, WebhookRefused

PATH = "/webhooks/openai"
LARGEST_BODY = 64 * 1024
"""Bytes; an event that names a job has 200."""
_RETRY_SECONDS = 30

log = logging.getLogger(__name__)


def webhook_routes(app: App) -> list[Route]:
    """`POST /webhooks/openai`, where there is a secret to check its messages with.

    A message is OpenAI's event, signed as Standard Webhooks has it
    (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
    Its signature is all the access control there is. 200: heard, whatever it was about and whether
    or not it came before; 400: forged, more than 5 minutes old or ahead, or malformed; 413: too
    large; 503: to be sent again.
    """
    if app.settings.openai_webhook_secret is None:
        return []

    async def hear(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        try:
            videos = await app.videos()
            await videos.hear(request.headers, body)
        except WebhookRefused as error:
            app.measures.heard["refused"] += 1
            log.info("A webhook was refused: is its secret OPENAI_WEBHOOK_SECRET?")
            return PlainTextResponse(error.message, 400)
        except SoraError as error:
            app.measures.heard["not_now"] += 1
            log.warning("A webhook could not be heard: %s", error.message)
            return later(503, "It cannot be heard just now.", _RETRY_SECONDS)
        app.measures.heard["accepted"] += 1
        return Response()

    limit = Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
    return [Route(PATH, hear, methods=["POST"], middleware=[limit])]
