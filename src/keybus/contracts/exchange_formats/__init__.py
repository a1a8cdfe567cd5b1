"""Formats in which others keep event schemas: read into contracts, and written from them.

EventBridge's registries have JSON Schema draft-04 and OpenAPI 3.0; Confluent's have JSON Schema of
any draft, with references between subjects.
"""
