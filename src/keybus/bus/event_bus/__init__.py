"""What is said of the bus itself, through EventBridge's API."""
