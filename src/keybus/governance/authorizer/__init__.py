"""May this be done? The topology, compiled for the hot path."""

from keybus.governance.authorizer.actions import ACTIONS
from keybus.governance.authorizer.authorizer import Authorizer
from keybus.governance.authorizer.gate import Gate
from keybus.governance.authorizer.puts import Denied, Puts
from keybus.governance.authorizer.refusal import Refusal, RefusalCode
from keybus.governance.authorizer.visibility import Visibility

__all__ = [
    "ACTIONS",
    "Authorizer",
    "Denied",
    "Gate",
    "Puts",
    "Refusal",
    "RefusalCode",
    "Visibility",
]
