"""What accounts prove themselves with: access keys that sign, and bearer tokens."""

from keybus.governance.credentials.model import Credential, Issued, Kind, State
from keybus.governance.credentials.registry import Changed, NoSuchCredential, Registry

__all__ = ["Changed", "Credential", "Issued", "Kind", "NoSuchCredential", "Registry", "State"]
