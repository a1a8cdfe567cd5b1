"""API destinations and connections: HTTP endpoints of others as targets of rules.

Source: Amazon EventBridge user guide, "API destinations" and "Connections".
"""
