"""What `keybus.cdk` puts on AWS comes back as it was declared."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from keybus.cdk import stacks_of, template
from keybus.cdk.existing import Wishes, move, read_account
from keybus.testing.aws import OfflineAws
from keybus.topology import Platform, Publisher, load_declaration
from tests.cdk.platforms import example
from tests.running import EXAMPLE

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of moto
]
OF_AWS = {"partner-feed"}  # a source of AWS's own, which a policy lets nobody put


def test_the_example_comes_back(tmp_path: Path) -> None:
    deployment = example()
    declared = deployment.platform
    shutil.copytree(EXAMPLE / "contracts", tmp_path / "contracts")
    names = {each.id: name for name, each in declared.accounts.items()}
    hub = deployment.central.account
    with OfflineAws() as aws:
        for stack in stacks_of(deployment):
            aws.deploy(template(stack.resources), account=stack.account, region=stack.region)
        ids = [hub, *(each for each in names if each != hub)]
        parts = [read_account(aws.services(each), names[each], registries=()) for each in ids]
    wishes = Wishes(approver="platform-team", expires="2028-12-31")
    written = move(parts, tmp_path, wishes)
    found = load_declaration(tmp_path).platform
    assert found == written.moved.platform
    wanted = {k: each for k, each in declared.subscriptions.items() if k not in OF_AWS}
    assert found.subscriptions == wanted
    assert sorted_events(found) == sorted_events(declared)
    head = [(each.bus, each.organization, each.central, each.archive) for each in (found, declared)]
    assert head[0] == head[1]
    granted = {(each.account, one) for each in declared.grants.values() for one in each.events}
    assert {(g.account, one) for g in found.grants.values() for one in g.events} <= granted
    told = [str(each) for each in written.moved.not_carried]
    assert [each for each in told if "partner-feed" not in each] == []


def sorted_events(platform: Platform) -> dict[str, Publisher]:
    """The publishers; a policy's values have no order."""
    return {
        name: replace(each, events=sorted(each.events))
        for name, each in platform.publishers.items()
    }
