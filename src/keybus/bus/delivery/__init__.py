"""How a subscription's deliveries reach its consumers, in order where that is asked for."""
