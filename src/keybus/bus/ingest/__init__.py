"""What is put: who may, what is admitted, and to whom it goes."""
