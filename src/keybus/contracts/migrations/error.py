"""An event that a migration makes nothing of, or a migration that cannot be used."""

from keybus.errors import ContractError


class MigrationError(ContractError):
    """A migration that fails for an event, or that cannot be evaluated here."""

    code = "migration"
