"""Who a call acts for."""

LOCAL_OWNER = "local"
"""The owner at the terminal, and of every client where there is no access control."""


def current_owner() -> str:
    """The owner of what the present request makes, sees and changes: its token's subject.

    This is the only place that knows how an owner is found; it takes no context, because listing
    resources and completing arguments have none to give.
    """
    # Late: commands at the terminal need the name above, and no MCP.
    from mcp.server.auth.middleware.auth_context import get_access_token

    token = get_access_token()
    return LOCAL_OWNER if token is None or token.subject is None else token.subject
