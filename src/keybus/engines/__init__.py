"""What keeps events, subscriptions' places and documents: one module or package an engine.

Import the one you want (``keybus.engines.memory``, ``keybus.engines.sqlite``): each brings its
own dependencies, and every one passes ``tests/contract``.
"""
