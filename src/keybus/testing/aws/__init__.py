"""Deployments without AWS: CloudFormation templates made real on moto, strictly.

moto's own CloudFormation passes by what it does not know; this fails on a type, a property or a
function that it does not know, so that a green test says something. Needs boto3 and moto.
"""

from keybus.testing.aws.deploying import Deployed, deploy
from keybus.testing.aws.offline import OfflineAws

__all__ = ["Deployed", "OfflineAws", "deploy"]
