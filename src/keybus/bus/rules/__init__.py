"""Rules that are made by hand, through EventBridge's API, beside the declared platform."""
