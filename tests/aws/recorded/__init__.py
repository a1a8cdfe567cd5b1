"""What infrastructure tools send, written by hand from the service models, and that it is answered."""
