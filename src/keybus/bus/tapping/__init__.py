"""Events as they become durable, for whoever watches."""
