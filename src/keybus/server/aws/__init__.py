"""What AWS's services have in common: their JSON protocol, their errors, their constraints."""

from keybus.server.aws.call import Call
from keybus.server.aws.dispatch import PATH, Dispatch
from keybus.server.aws.errors import AwsError
from keybus.server.aws.operation import Operation, Service

__all__ = ["PATH", "AwsError", "Call", "Dispatch", "Operation", "Service"]
