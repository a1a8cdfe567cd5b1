"""The engine that keeps nothing: for tests, ours and users' own, and for a bus to play with."""

from keybus.engines.memory.cursor import MemoryCursor
from keybus.engines.memory.documents import MemoryDocuments
from keybus.engines.memory.engine import MemoryEngine

__all__ = ["MemoryCursor", "MemoryDocuments", "MemoryEngine"]
