"""What holds on a bus, and how it is put in another's place."""
