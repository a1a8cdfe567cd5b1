"""AWS on moto, for tests: several accounts in one process, and templates deployed to them."""

import os
import re
import threading
from collections.abc import Mapping
from functools import cache, partial
from types import TracebackType
from typing import Any, Final, Self

from keybus.arns import Arn
from keybus.errors import SettingsError
from keybus.testing.aws.deploying import Deployed, deploy
from keybus.testing.aws.functions import Fed, Handler, hand_over

_REGION: Final = "eu-west-1"
_NUMBER: Final = re.compile("[0-9]{12}")
_NOTHING: Final = (None, None, None, None)
# In the terms of botocore's session: no setting of this machine leads its clients away from moto.
_OWN: Final = {
    "profile": _NOTHING,
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ignore_configured_endpoint_urls": (None, None, True, None),
    "use_fips_endpoint": (None, None, False, None),
    "use_dualstack_endpoint": (None, None, False, None),
}


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
                f"OfflineAws needs moto ({error.name} is missing)",
                hint="pip install 'moto[events]'",
            ) from None
        self.region = region
        self._mock = mock_aws()
        self._entered = False
        self._accounts: dict[str, Account] = {}
        self._fed: list[Fed] = []
        self._making = threading.Lock()

    def __enter__(self) -> Self:
        self._mock.start()
        self._accounts, self._fed = {}, []  # moto knows nothing of those of before
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entered = False
        self._mock.stop()

    def deploy(self, template: Mapping[str, Any], *, account: str, region: str = "") -> Deployed:
        """Make a template's resources in an account; see `keybus.testing.aws.deploy`."""
        where = region or self.region
        client = partial(self.services(account).client, region_name=where)
        deployed = deploy(template, client, account=account, region=where)
        self._fed += [each for each in deployed.resources.values() if isinstance(each, Fed)]
        return deployed

    def feed(self, queue: str, handler: Handler, *, account: str, region: str = "") -> int:
        """Give a handler one batch of a queue, as Lambda does with the function that it feeds.

        What was handled is deleted. What was not, by an exception or by what the answer names where
        the event source mapping has ``ReportBatchItemFailures``, comes again at once; SQS counts it,
        and moves it to the dead-letter queue in the end.

        Args:
            queue: The queue's name.
            handler: The function's handler; its context is None.
            account: The queue's account, 12 digits.
            region: The queue's region, where it is another one.

        Returns:
            How many messages the handler was given: 0 where none waits.

        Raises:
            SettingsError: No function is fed by such a queue.
            Exception: What the handler raises, once all of the batch comes again.
        """
        where = region or self.region
        arn = str(Arn("sqs", where, account, queue))
        fed = next((each for each in self._fed if each.queue == arn and each.is_enabled), None)
        if fed is None:
            hint = "deploy its template with an event source mapping that is enabled"
            raise SettingsError(f"the queue {arn} feeds no function", hint=hint)
        return hand_over(self.services(account).client("sqs", region_name=where), fed, handler)

    def services(self, account: str) -> "Account":
        """What gives boto3's clients of an account, such as to an `AwsTransport`.

        Args:
            account: Its 12 digits.

        Raises:
            SettingsError: It is no account's number, or this is not entered.
        """
        if not _NUMBER.fullmatch(account):
            raise SettingsError(f"{account!r} is no account", hint="give its 12 digits")
        with self._making:
            found = self._accounts.get(account)
            if found is None:
                found = self._accounts[account] = self._made(account)
            return found

    def _made(self, account: str) -> "Account":
        keys = self._session("any", "any").client("sts")
        role = f"arn:aws:iam::{account}:role/anybody"
        answer = keys.assume_role(RoleArn=role, RoleSessionName="offline")["Credentials"]
        session = self._session(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
        )
        return Account(self, account, session)

    def _session(self, *credentials: str) -> Any:
        """A ``boto3.Session`` that reaches moto, and nothing else."""
        import boto3  # noqa: PLC0415 - as moto
        from botocore.session import Session  # noqa: PLC0415 - as moto

        core = Session(session_vars=_OWN)
        core.register_component("data_loader", _loader())
        core.get_component("event_emitter").register_first("before-send", self._refuse_unentered)
        return boto3.Session(*credentials, region_name=self.region, botocore_session=core)

    def _refuse_unentered(self, **_: Any) -> None:
        if not self._entered:
            raise SettingsError(
                "OfflineAws is not entered: this request would go to AWS itself",
                hint="use it in `with OfflineAws() as aws:`, and stop subscribers before its end",
            )


@cache
def _loader() -> Any:
    """What reads botocore's descriptions of services, once for all sessions: it takes long."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - as moto

    return create_loader()


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
        """PutEvents, each entry to the account of its bus."""
        entries: list[dict[str, Any]] = parameters["Entries"]
        places = [self._place(entry.get("EventBusName", "default")) for entry in entries]
        if len(set(places)) == 1:
            return self._at(places[0]).put_events(**parameters)
        results: dict[int, Any] = {}
        for place in dict.fromkeys(places):
            mine = [at for at, each in enumerate(places) if each == place]
            asked = parameters | {"Entries": [entries[at] for at in mine]}
            answer = self._at(place).put_events(**asked)
            results |= dict(zip(mine, answer["Entries"], strict=True))
        told = [results[at] for at in sorted(results)]
        return {"FailedEntryCount": sum("ErrorCode" in each for each in told), "Entries": told}

    def _place(self, bus: str) -> tuple[str, str] | None:
        """The account and region of another's bus; None: this one's."""
        arn = Arn.parse(bus)
        elsewhere = arn is not None and arn.account != self._account
        return (arn.account, arn.region) if arn is not None and elsewhere else None

    def _at(self, place: tuple[str, str] | None) -> Any:
        if place is None:
            return self._client
        account, region = place
        return self._aws.services(account).client("events", region_name=region)
