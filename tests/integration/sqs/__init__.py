"""SQS's operations by real boto3, and its other clients, against a real bus."""
