"""How requests are refused that come without a token, or with one that will not do (RFC 6750)."""

from collections.abc import Mapping, Sequence

from starlette.responses import JSONResponse, Response


class Refusals:
    """401, 403 and 503, with what a client needs to come back with a better token."""

    def __init__(self, challenge: Mapping[str, str]) -> None:
        """`challenge`: parameters of every `WWW-Authenticate` header."""
        self._challenge = challenge

    def unauthorized(self, *, given: bool) -> Response:
        """There is no token, or (`given`) none that is valid here."""
        if given:
            text = "This token is not valid here, or not any more."
            return self._refusal(401, text, error="invalid_token")
        return self._refusal(401, "Send a token: Authorization: Bearer …")

    def forbidden(self, needed: Sequence[str]) -> Response:
        """The token lacks one of the scopes that are needed."""
        scopes = " ".join(needed)
        text = f"This token does not allow that; it needs the scope {scopes}."
        return self._refusal(403, text, error="insufficient_scope", scope=scopes)

    def _refusal(self, status: int, text: str, **problem: str) -> Response:
        parameters = {**self._challenge, **problem}
        written = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        return JSONResponse(
            {**problem, "error_description": text},
            status,
            headers={"WWW-Authenticate": f"Bearer {written}", "Cache-Control": "no-store"},
        )


def later(status: int, text: str, seconds: int) -> Response:
    """Refused now, but not for good: 429 or 503 with `Retry-After`."""
    return JSONResponse({"error_description": text}, status, headers={"Retry-After": str(seconds)})
