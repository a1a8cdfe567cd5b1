"""Pictures of who talks to whom: columns of boxes, and lines from left to right."""

from keybus.catalog.map.drawing import drawn, standalone
from keybus.catalog.map.pictures import map_of, picture_of_account, picture_of_event

__all__ = ["drawn", "map_of", "picture_of_account", "picture_of_event", "standalone"]
