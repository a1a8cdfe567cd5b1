"""What generated bindings are made of: immutable events over JSON documents."""
