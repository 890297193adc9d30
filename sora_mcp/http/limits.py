"""No owner keeps the server from the others: how much each may ask at once, and in a minute."""

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sora_mcp.http.refusals import later

Count = Callable[[str], Awaitable[tuple[int, float] | None]]
"""Counts a request of an owner: how many there are at all replicas in this minute, and how many
seconds of it are left. None where there is one process, or they cannot be counted."""

_MINUTE = 60.0
_SOON = 1
"""Seconds after which one of many open requests may have ended."""


@dataclass
class _Use:
    open: int = 0
    paid_until: float = -math.inf
    """When what was asked so far will have been spread over time at the rate that is allowed."""


class Limits:
    """ASGI middleware: 429 with `Retry-After` for an owner who asks too much; others never notice.

    Without access control nobody has a name, and there are no limits. An owner's count stays for
    good: it is small, and there are as many as people.
    """

    def __init__(
        self, app: ASGIApp, *, at_once: int, per_minute: int, count_everywhere: Count
    ) -> None:
        """`at_once`: requests that are open; `per_minute`: requests, also all of them together."""
        self._app = app
        self._at_once = at_once
        self._per_minute = per_minute
        self._count_everywhere = count_everywhere
        self._pause = _MINUTE / per_minute
        self._uses: defaultdict[str, _Use] = defaultdict(_Use)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        user = scope.get("user")
        if not isinstance(user, AuthenticatedUser):
            await self._app(scope, receive, send)
            return
        owner = user.access_token.subject or ""
        use = self._uses[owner]
        wait = self._wait(use) or await self._wait_everywhere(owner)
        if wait > 0:
            text = f"Too many requests. Try again in {wait} s."
            await later(429, text, wait)(scope, receive, send)
            return
        counted = True
        use.open += 1

        def free() -> None:
            nonlocal counted
            use.open -= counted
            counted = False

        async def send_and_free(message: Message) -> None:
            # Before the end is sent: a client that asks again at once finds its place free.
            if message["type"] == "http.response.body" and not message.get("more_body"):
                free()
            await send(message)

        try:
            await self._app(scope, receive, send_and_free)
        finally:
            free()

    def _wait(self, use: _Use) -> int:
        """Seconds until the next request is in order; 0: it is now, and is counted."""
        if use.open >= self._at_once:
            return _SOON
        now = anyio.current_time()
        paid_until = max(use.paid_until, now) + self._pause
        if paid_until - now > _MINUTE:
            return math.ceil(paid_until - now - _MINUTE)
        use.paid_until = paid_until
        return 0

    async def _wait_everywhere(self, owner: str) -> int:
        """The same, for what is asked of all replicas together."""
        counted = await self._count_everywhere(owner)
        if counted is None or counted[0] <= self._per_minute:
            return 0
        return math.ceil(counted[1])
