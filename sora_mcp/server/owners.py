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
    if token is None:
        return LOCAL_OWNER
    if not token.subject:
        # Every verifier of ours names one; whom a token names not must not become the operator.
        raise PermissionError("A token that stands for nobody was let in.")
    return token.subject
