"""Who a call acts for."""

LOCAL_OWNER = "local"


def current_owner() -> str:
    """The owner of what the present request makes, sees and changes.

    Without access control there is one. This is the only place that knows how an owner is found;
    it takes no context, because listing resources and completing arguments have none to give.
    """
    return LOCAL_OWNER
