"""What a target is handed in place of the event: paths into it, templates over it, expressions."""

from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.given import Given
from keybus.topology.inputs.maker import Maker

__all__ = ["Given", "InputError", "Maker"]
