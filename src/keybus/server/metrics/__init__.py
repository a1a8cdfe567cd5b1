"""What Prometheus reads."""

from keybus.server.metrics.route import routes

__all__ = ["routes"]
