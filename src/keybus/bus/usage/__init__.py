"""What is published, delivered and run."""
