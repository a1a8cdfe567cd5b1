"""Compatibility of contracts: whether an event exists that breaks somebody, and which one."""

from keybus.contracts.compatibility.checking import check
from keybus.contracts.compatibility.incompatibility import Incompatibility
from keybus.contracts.compatibility.rules import RULES, Rule
from keybus.contracts.compatibility.sides import SchemaFiles, Source

__all__ = ["RULES", "Incompatibility", "Rule", "SchemaFiles", "Source", "check"]
