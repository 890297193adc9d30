"""What the embedded API answers when something is wrong: OpenAI's error envelope."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ExceptionHandler


class ApiError(Exception):
    """A request that cannot be served; `status` is the HTTP status of the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.type = type

    def response(self) -> JSONResponse:
        """The answer: `{"error": {"message", "type", "param", "code"}}`."""
        detail = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return JSONResponse({"error": detail}, self.status)


def no_such_video(video_id: str) -> ApiError:
    """404 for an id that no job has."""
    return ApiError(404, f"No video found with id '{shortened(video_id)}'.", param="video_id")


def shortened(text: str, limit: int = 100) -> str:
    """A caller's own words, made fit to be repeated in a message."""
    text = text.encode(errors="replace").decode()  # JSON can smuggle in half a character
    return text if len(text) <= limit else text[: limit - 1] + "…"


def exception_handlers() -> dict[type[Exception], ExceptionHandler]:
    """How Starlette answers what its routes raise, so that every answer is an envelope."""
    return {
        ApiError: _answer_api_error,
        HTTPException: _answer_http_exception,
        ClientDisconnect: _answer_nobody,
        Exception: _answer_defect,
    }


def _answer_api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  # registered for this class only
    return error.response()


def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class only
    where = f"{request.method} {shortened(request.url.path)}"
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return ApiError(404, f"Invalid URL ({where}).", code="unknown_url").response()
        case HTTPStatus.METHOD_NOT_ALLOWED:
            answer = ApiError(405, f"Not allowed ({where}).", code="method_not_allowed").response()
            answer.headers["Allow"] = ", ".join(_methods(request))
            return answer
        case status:
            return ApiError(status, error.detail).response()


def _methods(request: Request) -> list[str]:
    """Every method of the path; Starlette's own `Allow` names those of its first route only."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)


def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """The client went away while sending: nothing is wrong here, and nobody reads this."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


def _answer_defect(_request: Request, _error: Exception) -> Response:
    message = "The server had an error processing your request."
    return ApiError(500, message, type="server_error", code="server_error").response()
