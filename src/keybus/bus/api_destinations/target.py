"""API destinations as rules' targets: what their subscriptions are delivered is sent to them."""

from typing import Final

import msgspec

from keybus.arns import Arn
from keybus.bus.api_destinations.api_destinations import API_DESTINATION, ApiDestinations, Route
from keybus.bus.api_destinations.authorization import Authorization, OAuth
from keybus.bus.api_destinations.errors import Obstacle
from keybus.bus.api_destinations.invocation import Invocation, invocation
from keybus.bus.api_destinations.parameters import Parameters
from keybus.bus.api_destinations.redaction import redacted
from keybus.bus.api_destinations.tokens import SECONDS, NoToken
from keybus.bus.control.generation import Generation
from keybus.bus.engine import Delivery
from keybus.bus.rules.target import HttpParameters
from keybus.bus.targets.answer import Outcome, outcome_of
from keybus.bus.targets.carrier import Carrier, Tried, content_of
from keybus.bus.targets.destination import DestinationRefused
from keybus.bus.targets.input import CAUSE, failure
from keybus.bus.targets.poster import Answered, Unanswered, one_line
from keybus.bus.targets.request import headers_of
from keybus.bus.targets.settings import WebhookSettings
from keybus.bus.targets.webhooks import Webhooks
from keybus.bus.targets.worker import Job, Kind
from keybus.clock import Clock
from keybus.errors import CredentialError
from keybus.protocol import TargetInfo
from keybus.topology.inputs import InputError
from keybus.topology.model import Account

KIND: Final = "api-destination"
_REFUSED: Final = frozenset({401, 407})
"""Statuses that say something of the credentials, and nothing of the event."""
_TOO_MANY: Final = 429


class ApiPlan(msgspec.Struct, frozen=True):
    """What a worker does; another plan is another worker.

    Attributes:
        subscription: The subscription's name.
        account: The name of the account whose API destination it is.
        arn: The API destination's.
        http: What goes along with requests.
        owner: The account, whose destinations may be reached; None: it is not declared.
    """

    subscription: str
    account: str
    arn: str
    http: HttpParameters | None
    owner: Account | None


class ApiDestinationTargets(Kind[ApiPlan]):
    """Makes the workers that call API destinations.

    Args:
        api_destinations: What there is to call.
        webhooks: Those who make requests already.
        settings: How much is tried at once, and when again.
        clock: Time and jitter.
    """

    def __init__(
        self,
        api_destinations: ApiDestinations,
        webhooks: Webhooks,
        settings: WebhookSettings,
        clock: Clock,
    ) -> None:
        self._api_destinations, self._webhooks = api_destinations, webhooks
        self._settings, self._clock = settings, clock

    def plan(self, name: str, generation: Generation) -> ApiPlan | None:
        """What is called; None: the subscription is no rule's, or its target something else."""
        beside = generation.beside.get(name)
        arn = None if beside is None else Arn.parse(beside.target.arn)
        if beside is None or arn is None or not self._settings.posts:
            return None
        if arn.service != "events" or not arn.resource.startswith(f"{API_DESTINATION}/"):
            return None
        account = beside.subscription.account
        owner = generation.platform.accounts.get(account)
        return ApiPlan(name, account, beside.target.arn, beside.target.http, owner)

    def worker(self, plan: ApiPlan, job: Job) -> "ApiDestinationTarget":
        """A worker."""
        return ApiDestinationTarget(
            plan,
            job,
            self._api_destinations,
            self._webhooks,
            settings=self._settings,
            clock=self._clock,
        )

    async def close(self) -> None:
        """Nothing is shared that would have to be let go."""


class ApiDestinationTarget:
    """Calls an API destination for each of one subscription's deliveries.

    Its address and its connection are those of the moment. A request that the endpoint refuses for
    its credentials is made once more with a new token, where there is one, and is tried again
    later: that is no fault of the event's. Reasons begin with EventBridge's code for what went wrong,
    which is the dead letter's ERROR_CODE. Belongs to one event loop.

    Args:
        plan: What it does.
        job: What it works with.
        api_destinations: What there is to call.
        webhooks: Those who make requests already.
        settings: How much is tried at once, and when again.
        clock: Time and jitter.
    """

    def __init__(
        self,
        plan: ApiPlan,
        job: Job,
        api_destinations: ApiDestinations,
        webhooks: Webhooks,
        *,
        settings: WebhookSettings,
        clock: Clock,
    ) -> None:
        self._plan, self._made = plan, job.made
        self._parameters = Parameters.compile(plan.http)
        self._api_destinations, self._webhooks, self._clock = api_destinations, webhooks, clock
        self._carrier = Carrier(
            KIND,
            plan.account,
            job.dispatcher,
            self._attempt,
            obstacle=self._obstacle,
            change=api_destinations.change.wait,
            settings=settings,
            clock=clock,
        )

    @property
    def info(self) -> TargetInfo:
        """How it stands."""
        return self._carrier.info

    async def run(self) -> None:
        """Call until cancelled; what is under way then has a moment to end."""
        await self._carrier.run()

    def _route(self) -> Route:
        return self._api_destinations.route(self._plan.account, self._plan.arn, self._parameters)

    def _obstacle(self) -> str:
        """Why nothing may be sent; empty where it may."""
        try:
            self._route()
        except Obstacle as error:
            return str(error)
        return ""

    async def _attempt(self, delivery: Delivery) -> Tried:
        body = await content_of(delivery, self._made)
        if isinstance(body, Tried):
            return body
        try:
            await self._turn()
            return Tried(await self._call(delivery, body, self._route()), answered=True)
        except (Obstacle, DestinationRefused):
            return Tried(Outcome("later"))
        except InputError as error:
            return Tried(Outcome("never", failure(error), cause=CAUSE))
        except (Unanswered, NoToken, CredentialError) as error:
            reason = f"{_code(error)}: {error}"
            return Tried(Outcome("again", reason, is_down=True), answered=True)

    async def _turn(self) -> None:
        """Wait for what the rate allows; all rules that send there share it."""
        bucket = self._api_destinations.destinations.bucket(self._route().destination)
        while (wait := bucket.wait) > 0:
            await self._clock.sleep(wait)
        bucket.take(1)

    async def _call(self, delivery: Delivery, body: bytes, route: Route) -> Outcome:
        """Make the request; once more where the endpoint refuses its token."""
        connections = self._api_destinations.connections
        authorization = connections.open(route.connection)
        means, token = authorization.means, ""
        if isinstance(means, OAuth):
            token = await connections.authorizing.token(route.connection, means)
        request = self._request(delivery, body, route, authorization, token)
        answered = await self._sent(request, route)
        if isinstance(means, OAuth) and answered.status in _REFUSED:
            token = await connections.authorizing.token(route.connection, means, refused=token)
            request = self._request(delivery, body, route, authorization, token)
            answered = await self._sent(request, route)
        return self._judged(request, answered)

    def _request(
        self,
        delivery: Delivery,
        body: bytes,
        route: Route,
        authorization: Authorization,
        token: str,
    ) -> Invocation:
        now_us = self._clock.time_us()
        headers = headers_of(delivery, self._plan.subscription, body, secrets=(), now_us=now_us)
        return invocation(
            route.destination,
            authorization,
            self._parameters,
            envelope=delivery.envelope,
            body=body,
            headers=headers,
            token=token,
        )

    async def _sent(self, request: Invocation, route: Route) -> Answered:
        where = msgspec.structs.replace(route.where, url=request.url)
        method = route.destination.method
        poster = self._webhooks.poster()
        try:
            return await poster.exchange(
                method,
                where,
                request.body,
                request.headers,
                account=self._plan.account,
                seconds=SECONDS,
            )
        except Unanswered as error:
            told = redacted(str(error), request.secrets)
            raise Unanswered(told, is_late=error.is_late) from None

    def _judged(self, request: Invocation, answered: Answered) -> Outcome:
        text = answered.beginning.decode("utf-8", "replace")
        said = one_line(redacted(text, request.secrets))
        now_us = self._clock.time_us()
        judged = outcome_of(answered.status, said, answered.retry_after, now_us, kind=KIND)
        if judged.kind == "done":
            return judged
        code = "THROTTLING" if answered.status == _TOO_MANY else "SDK_CLIENT_ERROR"
        reason = f"{code}: {judged.reason}"
        if answered.status in _REFUSED:
            return Outcome("again", f"{reason} (the credentials are refused)", is_down=True)
        return msgspec.structs.replace(judged, reason=reason)


def _code(error: Unanswered | NoToken | CredentialError) -> str:
    """What EventBridge calls it."""
    if isinstance(error, CredentialError):
        return "INTERNAL_ERROR"
    return "TIMEOUT" if isinstance(error, Unanswered) and error.is_late else "SDK_CLIENT_ERROR"
