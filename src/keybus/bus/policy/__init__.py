"""The bus's resource policy, as it was put through EventBridge's API."""
