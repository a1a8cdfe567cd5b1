"""What stands on AWS already, read by boto3 and carried into contracts and a platform.

`read_account` reads an account, `Moving` makes a platform of what was read, and `move` writes both
into a folder. What a platform cannot say is listed, never left out in silence.
"""

from keybus.cdk.existing.folder import Written, check_free, move
from keybus.cdk.existing.inventory import NotCarried, Part
from keybus.cdk.existing.moving import Moved, Moving
from keybus.cdk.existing.reading import NotReadable, Services, read_account
from keybus.cdk.existing.wishes import Wishes

__all__ = [
    "Moved",
    "Moving",
    "NotCarried",
    "NotReadable",
    "Part",
    "Services",
    "Wishes",
    "Written",
    "check_free",
    "move",
    "read_account",
]
