"""`keybus bench sqs`: how fast SQS's clients receive and delete what the bus delivers."""

from keybus.cli.bench.sqs.command import sqs

__all__ = ["sqs"]
