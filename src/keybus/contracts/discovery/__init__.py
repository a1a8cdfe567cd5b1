"""Discovery: what events look like that nobody has declared, worked out from samples of them.

A `Place` merges what was seen; what is rendered from it takes every sample, and what is uncertain
in it is marked, so that nobody takes a guess for a promise.
"""

from keybus.contracts.discovery.drafting import Metadata, draft_of
from keybus.contracts.discovery.place import LIMITS, Limits, Place
from keybus.contracts.discovery.rendering import schema_of
from keybus.contracts.discovery.sightings import Discovery, Sightings
from keybus.contracts.marks import UNCERTAIN, Mark, MarkedPlace, marks_in

__all__ = [
    "LIMITS",
    "UNCERTAIN",
    "Discovery",
    "Limits",
    "Mark",
    "MarkedPlace",
    "Metadata",
    "Place",
    "Sightings",
    "draft_of",
    "marks_in",
    "schema_of",
]
