"""On a closed bus each account has its own connections, and only who may sees or changes them."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from keybus.governance.principal import Role
from tests.integration.api_destinations.calling import connected, refused
from tests.running import CLOSED_PLATFORM, ClosedServer

DESTINATIONS = 'owners: [dora], destinations: ["hooks.example.com"]}'


class AllowingServer(ClosedServer):
    """`keybus serve` on the small platform, on which one account may call a host."""

    PLATFORM = CLOSED_PLATFORM.replace("owners: [dora]}", DESTINATIONS)

    def client(self, account: str, *roles: Role) -> Any:
        issued = self.issue(account, *roles, kind="key")
        return boto3.client(
            "events",
            endpoint_url=self.url,
            region_name="local",
            aws_access_key_id=issued.credential.id,
            aws_secret_access_key=issued.secret,
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.mark.long
def test_an_account_has_its_own_and_keeps_them(tmp_path: Path) -> None:
    server = AllowingServer(tmp_path)
    server.start()
    try:
        desk, shop = server.client("desk", "subscriber"), server.client("shop", "subscriber")
        arn = connected(desk, "doors")
        url = "https://hooks.example.com/"
        asked = {"Name": "doors", "InvocationEndpoint": url, "HttpMethod": "POST"}
        desk.create_api_destination(ConnectionArn=arn, **asked)
        assert shop.list_connections()["Connections"] == []
        assert shop.list_api_destinations(ConnectionArn=arn)["ApiDestinations"] == []
        refused("ResourceNotFoundException", shop.describe_connection, Name="doors")
        refused("ResourceNotFoundException", shop.delete_api_destination, Name="doors")
        # A connection of another's, and one of one's own that may reach no host.
        asked["ConnectionArn"] = arn
        refused("ResourceNotFoundException", shop.create_api_destination, **asked)
        asked["ConnectionArn"] = connected(shop, "doors")
        message = refused("ValidationException", shop.create_api_destination, **asked)
        assert "no destination of the account" in message
        auditor, publisher = server.client("desk", "auditor"), server.client("desk", "publisher")
        assert auditor.describe_connection(Name="doors")["ConnectionArn"] == arn
        refused("AccessDeniedException", auditor.delete_connection, Name="doors")
        refused("AccessDeniedException", publisher.list_connections)
        refused("AccessDeniedException", publisher.create_api_destination, **asked)
        server.stop()
        assert b"the pass-word" not in (server.data / "bus.db").read_bytes()
        server.start()
        desk = server.client("desk", "subscriber")
        found = desk.describe_connection(Name="doors")
        assert (found["ConnectionArn"], found["ConnectionState"]) == (arn, "AUTHORIZED")
        [destination] = desk.list_api_destinations()["ApiDestinations"]
        assert destination["ApiDestinationState"] == "ACTIVE"
    finally:
        server.stop()
