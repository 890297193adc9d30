"""An OAuth issuer for tests: it describes itself, publishes its keys, signs what it is told to."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import anyio
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

AUDIENCE = "https://videos.example/mcp"
BOTH = "videos:read videos:write"


class Key:
    """A key pair of an issuer, for ES256 or an algorithm with RSA, which is told or not."""

    def __init__(self, key_id: str, algorithm: str = "ES256", *, told: bool = True) -> None:
        self.key_id = key_id
        self.algorithm = algorithm
        self.told = told
        self.private = (
            ec.generate_private_key(ec.SECP256R1())
            if algorithm == "ES256"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )

    def public(self) -> dict[str, Any]:
        known = jwt.get_algorithm_by_name(self.algorithm)
        form = json.loads(known.to_jwk(self.private.public_key()))
        told = {"alg": self.algorithm} if self.told else {}
        return {**form, **told, "kid": self.key_id, "use": "sig"}


@dataclass
class FakeIssuer:
    """The issuer: its keys, and how often it was asked for them.

    `reached` is set when it is asked; it answers when `released` is set.
    """

    keys: list[Key] = field(default_factory=lambda: [Key("first")])
    url: str = ""
    asked: int = 0
    down: bool = False
    reached: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.released.set()

    def hold(self) -> None:
        """Do not answer until released."""
        self.reached, self.released = anyio.Event(), anyio.Event()

    def app(self) -> Starlette:
        """The issuer as an ASGI app; `url` has to be set to where it is served."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/keys", self._keys),
            ]
        )

    async def _describe(self, _: Request) -> JSONResponse:
        return JSONResponse({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _: Request) -> JSONResponse:
        self.asked += 1
        self.reached.set()
        await self.released.wait()
        return JSONResponse(
            {"keys": [key.public() for key in self.keys]}, 500 if self.down else 200
        )

    def token(
        self,
        subject: str = "anna",
        *,
        key: Key | None = None,
        key_named: bool = True,
        algorithm: str | None = None,
        **changes: Any,
    ) -> str:
        """A good token, but for the claims that are changed; None leaves one out."""
        key = key or self.keys[0]
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "client_id": "a-client",
            "scope": BOTH,
            "iat": int(time.time()),
            "exp": int(time.time()) + 600,
            **changes,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": key.key_id} if key_named else {}
        return jwt.encode(present, key.private, algorithm or key.algorithm, headers=headers)
