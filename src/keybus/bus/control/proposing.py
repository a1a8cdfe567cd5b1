"""What has to hold before a proposed platform may."""

from keybus.bus.control.proposal import Proposal
from keybus.bus.control.versions import Declared
from keybus.contracts import ContractRepository
from keybus.errors import TopologyError
from keybus.governance.objections import nowhere, objections
from keybus.topology import Platform
from keybus.topology.judging import faults_of


def judged(proposal: Proposal, now_us: int, before: Platform | None) -> Declared:
    """What a proposal declares, where nothing speaks against it.

    Args:
        proposal: As it came; nothing of it is believed.
        now_us: The moment that expiry is judged at, in microseconds since the Unix epoch.
        before: What holds; None: nothing does yet.

    Raises:
        BrokenContracts: The contracts have faults.
        TopologyError: The platform has.
        PlanRefused: Its footing lacks something, or compliance finds something that nobody
            answers for.
    """
    platform, contracts = proposal.platform, ContractRepository.unpack(proposal.contracts)
    if faults := faults_of(platform, contracts):
        raise TopologyError("the platform", faults)
    found = objections(platform, contracts, now_us, nowhere, before)
    found.refuse(platform.footing, proposal.despite)
    return Declared(platform, contracts)
