"""What each account runs, and whether it is recent enough."""

from collections.abc import Iterator

from keybus.contracts import ContractRepository
from keybus.contracts.documents import digest_of
from keybus.contracts.pointers import pointer_of
from keybus.governance.sprawl.agent import is_older
from keybus.governance.sprawl.report import BindingsInUse, Software, SprawlFinding
from keybus.governance.sprawl.rules import Scene
from keybus.governance.sprawl.usage import Seen

_DIGITS = 16


def bindings_digest(contracts: ContractRepository) -> str:
    """What a client says of a package that was generated from these contracts."""
    types = {contract.type: contract.digest for contract in contracts.values()}
    return digest_of(types)[: len("sha256:") + _DIGITS]


def software(scene: Scene) -> tuple[Software, ...]:
    """What each account runs, the most recently heard first; an account that said nothing, too."""
    if scene.usage is None:
        return ()
    current = bindings_digest(scene.contracts)
    found = [_software(scene, seen, current) for seen in scene.usage.seen]
    platform = scene.platform
    taking_part = {each.account for each in platform.publishers.values()}
    taking_part |= {each.account for each in platform.subscriptions.values()}
    silent = taking_part - {each.account for each in found}
    found += [Software(account) for account in silent]
    return tuple(sorted(found, key=lambda each: (each.account, -each.last_us)))


def software_findings(scene: Scene, running: tuple[Software, ...]) -> Iterator[SprawlFinding]:
    """Software that is too old, or that was made from other contracts; what is gone is passed over."""
    minimum = scene.platform.minimum.client
    for each in running:
        subject = pointer_of("accounts", each.account)
        if each.last_us < scene.cutoff_us:
            continue
        if each.below_minimum:
            found = each.client or "unknown"
            message = f"{each.account} runs the client {found}; the platform asks for {minimum}"
            hint = "have it updated"
            yield SprawlFinding("client-below-minimum", subject, message, hint, each.last_us)
        for package in each.bindings:
            if not package.current:
                message = f"{each.account} runs {package.name} of other contracts than these"
                hint = "have it generate its bindings anew with `keybus contracts generate`"
                yield SprawlFinding("bindings-other", subject, message, hint, each.last_us)


def _software(scene: Scene, seen: Seen, current: str) -> Software:
    minimum = scene.platform.minimum.client
    agent = seen.agent
    recent = seen.last_us >= scene.cutoff_us
    return Software(
        account=seen.account,
        client=agent.client,
        python=agent.python,
        bindings=tuple(
            BindingsInUse(name, digest, digest == current) for name, digest in agent.bindings
        ),
        last_us=seen.last_us,
        below_minimum=recent and minimum is not None and is_older(agent.client, minimum),
    )
