"""Why an event was delivered to a subscription, or was not."""
