"""What the domain needs from the outside, as protocols. Adapters implement them.

Every backend of a port runs the same contract suite (`tests/contracts/`).
"""

from sora_mcp.videos.ports.announcing import Announcement, Outbox, Receipt, Receiver
from sora_mcp.videos.ports.engine import (
    Content,
    Engine,
    EngineDefaults,
    EngineLimits,
    EngineProfile,
    Engines,
    Heard,
    OpenContent,
)
from sora_mcp.videos.ports.ledger import Budget, Claim, EventBus, JobStore, Spent
from sora_mcp.videos.ports.library import (
    ContactSheet,
    Library,
    Outputs,
    PreparedReference,
    References,
)

__all__ = [
    "Announcement",
    "Budget",
    "Claim",
    "ContactSheet",
    "Content",
    "Engine",
    "EngineDefaults",
    "EngineLimits",
    "EngineProfile",
    "Engines",
    "EventBus",
    "Heard",
    "JobStore",
    "Library",
    "OpenContent",
    "Outbox",
    "Outputs",
    "PreparedReference",
    "Receipt",
    "Receiver",
    "References",
    "Spent",
]
