"""Who can put, who can receive, and by which path: asked of templates alone."""

from keybus.cdk.simulator.paths import ANYBODY, Event, Path, Simulator

__all__ = ["ANYBODY", "Event", "Path", "Simulator"]
