"""What templates should have: each generated stack, and the template that is its home."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.literals import Literals
from keybus.cdk.checker.normal_statement import NormalStatement, statements_in
from keybus.cdk.checker.resource_names import TYPES
from keybus.cdk.deployment import Deployment
from keybus.cdk.resource import template
from keybus.cdk.sites import CentralSite, SubscriptionSite
from keybus.cdk.stacks import Stack, stacks_of

_POLICY: Final = "AWS::IAM::ManagedPolicy"
_EVERYWHERE: Final = frozenset({_POLICY, "AWS::IAM::Role"})


class Meant(msgspec.Struct, frozen=True):
    """A generated resource.

    Attributes:
        stack: The stack that has it, such as ``subscription/billing``.
        id: Its logical id.
        type: Its type.
        properties: Its properties, with references filled in.
    """

    stack: str
    id: str
    type: str
    properties: Mapping[str, Any]


class Expected:
    """The platform, as templates should have it.

    Args:
        deployment: The platform.
        templates: The templates.

    Attributes:
        deployment: The platform.
        accounts: The ids of its accounts.
        buses: The ARNs of its buses, the central one first.
        unseen: Stacks whose account and region no template is of.
    """

    def __init__(self, deployment: Deployment, templates: Iterable[Template]) -> None:
        self.deployment = deployment
        self.accounts = frozenset(each.id for each in deployment.platform.accounts.values())
        self._stacks = {each.name: (each, _meant(each)) for each in stacks_of(deployment)}
        every = list(templates)
        homes = {name: _home(stack, every) for name, (stack, _) in self._stacks.items()}
        self.unseen = tuple(
            name for name, (stack, _) in self._stacks.items() if not _covered(stack, every)
        )
        self._homes = {name: home.file for name, home in homes.items() if home is not None}
        subscriptions = [deployment.site(name) for name in deployment.platform.subscriptions]
        self._sites = subscriptions
        self._names = _names_of(self._stacks.values())
        self.buses = (deployment.central.bus_arn, *(each.bus_arn for each in subscriptions))

    def of(self, file: str) -> Mapping[str, Meant]:
        """The resources whose home is a template, by logical id."""
        return {
            id_: meant
            for name, home in self._homes.items()
            if home == file
            for id_, meant in self._stacks[name][1].items()
        }

    def homeless(self) -> Iterator[Stack]:
        """Stacks that no template of their account and region has anything of."""
        for name, (stack, _) in self._stacks.items():
            if name not in self._homes and name not in self.unseen:
                yield stack

    def names(self, type_: str, account: str, region: str) -> frozenset[str]:
        """The names of the platform's resources of a type, in lower case, as some types fold it."""
        return self._names.get((type_, account, _region_of(type_, region)), frozenset())

    def usable(self, account: str) -> frozenset[NormalStatement]:
        """The statements that any role of an account may have: to publish, and to consume."""
        return frozenset(
            placed.normal
            for stack, resources in self._stacks.values()
            if stack.account == account
            for meant in resources.values()
            if meant.type == _POLICY
            for placed in statements_in(meant.properties)
        )

    def queues(self, account: str) -> frozenset[str]:
        """The ARNs of all queues of an account's subscriptions."""
        own = [each for each in self._sites if each.account == account]
        queues = [(each.queue_arn, each.dead_letters_arn, each.undelivered_arn) for each in own]
        return frozenset(arn for arns in queues for arn in arns)

    def topics(self, account: str) -> frozenset[str]:
        """The ARNs of the topics of alarms in an account."""
        sites: list[SubscriptionSite | CentralSite] = [*self._sites, self.deployment.central]
        own = [each for each in sites if each.account == account]
        return frozenset(each.arn("sns", each.topic) for each in own)

    def policies(self, account: str) -> frozenset[str]:
        """The ARNs of an account's policies to publish and to consume."""
        deployment = self.deployment
        publishers = map(deployment.publisher_site, deployment.platform.publishers)
        arns = [(each.account, each.iam_arn(f"policy/{each.policy}")) for each in publishers]
        arns += [(each.account, each.iam_arn(f"policy/{each.consumer}")) for each in self._sites]
        return frozenset(arn for owner, arn in arns if owner == account)


def _names_of(
    stacks: Iterable[tuple[Stack, Mapping[str, Meant]]],
) -> dict[tuple[str, str, str], frozenset[str]]:
    """The names of all generated resources, by type, account and region; rules' are their bus's."""
    found: dict[tuple[str, str, str], frozenset[str]] = {}
    for stack, resources in stacks:
        for meant in resources.values():
            name = meant.properties.get(TYPES[meant.type].name) if meant.type in TYPES else None
            if name is not None and meant.type != "AWS::Events::Rule":
                where = (meant.type, stack.account, _region_of(meant.type, stack.region))
                found[where] = found.get(where, frozenset()) | {str(name).lower()}
    return found


def _region_of(type_: str, region: str) -> str:
    """The region in which a type's names are one's own; iam's are the account's."""
    return "" if type_ in _EVERYWHERE else region


def _meant(stack: Stack) -> dict[str, Meant]:
    document = template(stack.resources)
    literals = Literals(Template("", stack.account, stack.region, document))
    return {
        each.id: Meant(stack.name, each.id, each.type, literals.of(dict(each.properties)))
        for each in stack.resources
    }


def _is_regional(stack: Stack) -> bool:
    """Publishers have policies of IAM only, which are in no region."""
    return not stack.name.startswith("publisher/")


def _stands_in(stack: Stack, place: Template) -> bool:
    same = place.region == stack.region or not _is_regional(stack)
    return stack.account == place.account and same


def _covered(stack: Stack, templates: Iterable[Template]) -> bool:
    return any(_stands_in(stack, each) for each in templates)


def _home(stack: Stack, templates: Iterable[Template]) -> Template | None:
    """The template with the most of a stack's resources; a stack is never divided."""
    ids = {each.id for each in stack.resources}
    found = [
        (len(ids & each.resources.keys()), each) for each in templates if _stands_in(stack, each)
    ]
    count, home = max(found, key=lambda each: each[0], default=(0, None))
    return home if count else None
