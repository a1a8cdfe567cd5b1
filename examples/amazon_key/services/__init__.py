"""The reference application's services: three publishers and eight subscribers.

The typed events are generated from `contracts/` into `build/` beside this package::

    keybus contracts generate --language python --out build/amazon_key_events contracts

Where they are not installed, the ones in `build/` are found by themselves.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("amazon_key_events") is None:
    sys.path.append(str(Path(__file__).parent.parent / "build"))
