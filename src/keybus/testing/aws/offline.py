"""AWS on moto, for tests: several accounts in one process, and templates deployed to them."""

from collections.abc import Mapping
from functools import cache, partial
from types import TracebackType
from typing import Any, Final, Self

from keybus.arns import Arn
from keybus.errors import SettingsError
from keybus.testing.aws.deploying import Deployed, deploy

_REGION: Final = "eu-west-1"


class OfflineAws:
    """AWS in this process, on moto, for as long as it is entered.

        with OfflineAws() as aws:
            aws.deploy(template, account="111111111111")
            transport = AwsTransport(services=aws.services("111111111111"))

    It enforces no policy: who may do what, the checker says.

    Args:
        region: The region that clients ask where they are told no other.
    """

    def __init__(self, region: str = _REGION) -> None:
        try:
            from moto import mock_aws  # noqa: PLC0415 - nobody needs it but whoever tests so
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"OfflineAws needs moto ({error.name} is missing)", hint="pip install 'moto[all]'"
            ) from None
        self.region = region
        self._mock = mock_aws()
        self.services = cache(self._services)

    def __enter__(self) -> Self:
        self._mock.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._mock.stop()

    def deploy(self, template: Mapping[str, Any], *, account: str, region: str = "") -> Deployed:
        """Make a template's resources in an account; see `keybus.testing.aws.deploy`."""
        where = region or self.region
        client = partial(self.services(account).client, region_name=where)
        return deploy(template, client, account=account, region=where)

    def _services(self, account: str) -> "Account":
        import boto3  # noqa: PLC0415 - as moto

        key = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        sts = boto3.client("sts", region_name=self.region, **key)
        role = f"arn:aws:iam::{account}:role/anybody"
        answer = sts.assume_role(RoleArn=role, RoleSessionName="offline")["Credentials"]
        session = boto3.Session(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["SessionToken"],
            region_name=self.region,
        )
        return Account(self, account, session)


class Account:
    """boto3's clients of one account.

    Args:
        aws: Where it is.
        number: Its 12 digits.
        session: A ``boto3.Session`` of it.
    """

    def __init__(self, aws: OfflineAws, number: str, session: Any) -> None:
        self._aws, self._number, self._session = aws, number, session

    def client(self, service_name: str, **options: Any) -> Any:
        """A client of this service."""
        made = self._session.client(service_name, **options)
        return _Events(self._aws, self._number, made) if service_name == "events" else made


class _Events:
    """EventBridge's client, whose PutEvents reaches buses of other accounts, as moto's does not."""

    def __init__(self, aws: OfflineAws, account: str, client: Any) -> None:
        self._aws, self._account, self._client = aws, account, client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_events(self, **parameters: Any) -> Any:
        """PutEvents, to the account of the first entry's bus."""
        arn = Arn.parse(parameters["Entries"][0].get("EventBusName", "default"))
        if arn is None or arn.account == self._account:
            return self._client.put_events(**parameters)
        other = self._aws.services(arn.account).client("events", region_name=arn.region)
        return other.put_events(**parameters)
