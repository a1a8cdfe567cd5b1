"""The bus's resource policy: IAM statements about who may put, beside what the topology says.

The topology alone allows. A statement that allows adds nothing: it is refused where the topology
does not cover it. One that denies takes away, event by event.

Source: AWS IAM user guide, "IAM JSON policy elements reference"; Amazon EventBridge user guide,
"Permissions for event buses in Amazon EventBridge".
"""

from keybus.governance.bus_policy.coverage import uncovered
from keybus.governance.bus_policy.denials import denials
from keybus.governance.bus_policy.faults import MalformedPolicy, NotCovered
from keybus.governance.bus_policy.reading import read_policy, read_statement
from keybus.governance.bus_policy.statement import PUT_EVENTS, Statement
from keybus.governance.bus_policy.topology import OF_THE_TOPOLOGY, of_the_topology

__all__ = [
    "OF_THE_TOPOLOGY",
    "PUT_EVENTS",
    "MalformedPolicy",
    "NotCovered",
    "Statement",
    "denials",
    "of_the_topology",
    "read_policy",
    "read_statement",
    "uncovered",
]
