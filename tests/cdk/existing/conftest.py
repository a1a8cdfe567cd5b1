"""The shop on moto, in two accounts, and the profiles of whoever reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keybus.testing.aws import OfflineAws
from tests.cdk.existing.shop import HUB, MAIL, REGION, open_shop

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # moto sets them
PROFILES = f"""\
[profile hub]
role_arn = arn:aws:iam::{HUB}:role/reader
source_profile = base
region = {REGION}
[profile mail]
role_arn = arn:aws:iam::{MAIL}:role/reader
source_profile = base
region = {REGION}
[profile helped]
credential_process = /no/such/helper
region = {REGION}
[profile base]
aws_access_key_id = any
aws_secret_access_key = any
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The shop."""
    config = tmp_path / "aws.ini"
    config.write_text(PROFILES)
    with OfflineAws() as aws, monkeypatch.context() as patch:
        for name in (*CREDENTIALS, "AWS_PROFILE", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", str(config))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        open_shop(aws.services(HUB), aws.services(MAIL))
        yield
