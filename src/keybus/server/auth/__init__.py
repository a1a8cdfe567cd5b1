"""Who is asking: signatures, bearer tokens, and the door that they open."""

from keybus.server.auth.door import Door
from keybus.server.auth.failures import AuthenticationFailed

__all__ = ["AuthenticationFailed", "Door"]
