"""What the account that a template stands in has of its own, and what the template has."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.expected import Expected, Meant
from keybus.cdk.checker.literals import Literals, Unresolvable
from keybus.cdk.checker.normal_statement import NormalStatement
from keybus.cdk.sites import partition_of


class Own(NamedTuple):
    """What resources beside the platform's may name.

    Attributes:
        account: The account's 12 digits.
        partition: The region's.
        accounts: The platform's accounts.
        usable: The statements that any role may have.
        queues: The ARNs of the queues of the account's subscriptions.
        topics: The ARNs of the topics of alarms.
        policies: The ARNs of the platform's policies in the account, and of the template's.
        roles: The names and ARNs of the template's roles, but for the platform's.
        delivering: Those of the platform's roles in the template.
        keys: The ids and ARNs of the template's keys.
        tasks: The ARNs of the template's task definitions.
        subscribed: The ARNs of the keys of the subscriptions in the template.
    """

    account: str
    partition: str
    accounts: frozenset[str]
    usable: frozenset[NormalStatement]
    queues: frozenset[str]
    topics: frozenset[str]
    policies: frozenset[str]
    roles: frozenset[str]
    delivering: frozenset[str]
    keys: frozenset[str]
    tasks: frozenset[str]
    subscribed: frozenset[str]

    @property
    def root(self) -> frozenset[tuple[str, str]]:
        """The account as a whole, as policies may name it."""
        arn = f"arn:{self.partition}:iam::{self.account}:root"
        return frozenset({("AWS", self.account), ("AWS", arn)})


def own_of(
    template: Template, literals: Literals, expected: Expected, home: Mapping[str, Meant]
) -> Own:
    """What a template's resources may name.

    Args:
        template: The template.
        literals: Its values.
        expected: The platform.
        home: The generated resources of this template.
    """

    def of(type_: str, *attributes: str) -> Iterator[tuple[str, str]]:
        for id_, each in template.resources.items():
            if isinstance(each, Mapping) and each.get("Type") == type_:
                for attribute in attributes:
                    value = {"Fn::GetAtt": [id_, attribute]} if attribute else {"Ref": id_}
                    with suppress(Unresolvable):  # it is found where it is judged
                        yield id_, str(literals.of(value))

    account = template.account
    roles = list(of("AWS::IAM::Role", "", "Arn"))
    subscribed = {
        id_
        for id_, meant in home.items()
        if meant.type == "AWS::KMS::Key" and meant.stack.startswith("subscription/")
    }
    keys = list(of("AWS::KMS::Key", "Arn", ""))
    return Own(
        account,
        partition_of(template.region),
        expected.accounts,
        expected.usable(account),
        expected.queues(account),
        expected.topics(account),
        expected.policies(account) | {arn for _, arn in of("AWS::IAM::ManagedPolicy", "")},
        frozenset(role for id_, role in roles if id_ not in home),
        frozenset(role for id_, role in roles if id_ in home),
        frozenset(key for _, key in keys),
        frozenset(task for _, task in of("AWS::ECS::TaskDefinition", "")),
        frozenset(key for id_, key in keys if id_ in subscribed and key.startswith("arn:")),
    )
