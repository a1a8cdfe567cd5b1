"""The rules of a contract repository, as data: an ID, a purpose, a check and a hint each.

They run in three stages, since a rule can only judge what the earlier ones found sound: the files
(`keybus.contracts.folder`), each document by itself, then each contract with all it refers to.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from keybus.contracts import rules_documents as documents
from keybus.contracts import rules_events as events
from keybus.contracts import rules_values as values
from keybus.contracts.findings import Finding, Subject
from keybus.contracts.rules_keywords import unknown_keyword


class Rule(NamedTuple):
    """One rule.

    Attributes:
        id: Its stable identifier, the code of its faults.
        purpose: Why it is a rule.
        check: Finds what breaks it; None where reading the file already does.
        hint: What to do about it, unless the finding has a better one.
    """

    id: str
    purpose: str
    check: Callable[[Subject], Iterator[Finding]] | None = None
    hint: str = ""


FILE_RULES: Sequence[Rule] = (
    Rule("no-folder", "A repository is a folder."),
    Rule("settings", "keybus.toml names the repository; an unknown key is a misspelt one."),
    Rule("symlink-outside", "What a contract is must not depend on files outside."),
    Rule("unreadable", "Every schema file can be read."),
    Rule("not-utf8", "JSON is UTF-8 (RFC 8259, section 8.1)."),
    Rule("too-large", "A schema that large cannot be reviewed."),
    Rule("too-deep", "A schema that deep cannot be reviewed, and exhausts readers."),
    Rule("bad-json", "A schema file is JSON (RFC 8259)."),
    Rule(
        "duplicate-key", "Readers differ on which of two equal names counts (RFC 8259, section 4)."
    ),
)

DOCUMENT_RULES: Sequence[Rule] = (
    Rule(
        "wrong-draft",
        "All schemas are draft-04, as EventBridge's schema registry is, and say so.",
        documents.wrong_draft,
        'write "$schema": "http://json-schema.org/draft-04/schema#"',
    ),
    Rule("not-a-schema", "A schema fits draft-04's meta-schema.", documents.not_a_schema),
    Rule(
        "unknown-keyword",
        "Draft-04 ignores a keyword of a later draft or a misspelt one, silently.",
        unknown_keyword,
    ),
    Rule(
        "ref-siblings",
        "Draft-04 ignores whatever stands beside $ref, silently.",
        documents.ref_siblings,
        'write {"allOf": [{"$ref": …}, {…}]} instead',
    ),
    Rule(
        "id-keyword",
        "A schema's id changes what every reference below it means.",
        documents.id_keyword,
        "remove it: files are known by their names",
    ),
    Rule(
        "remote-ref",
        "Nothing is ever fetched.",
        documents.references("remote-ref"),
        "copy the schema into the repository",
    ),
    Rule(
        "ref-outside",
        "A repository is whole in itself.",
        documents.references("ref-outside"),
        "copy the schema into the repository",
    ),
    Rule(
        "dangling-ref",
        "A reference leads to a schema.",
        documents.references("dangling-ref"),
        "mend the path, relative to the file that it stands in",
    ),
    Rule(
        "ref-loop",
        "A reference that leads back to itself says nothing, and validators hang on it.",
        documents.ref_loop,
        "let the recursion pass through a property or an item",
    ),
    Rule(
        "long-chain",
        "Schemas that lead from one to the next without end cannot be reviewed, and exhaust readers.",
        documents.long_chain,
        "refer to the last one",
    ),
    Rule(
        "module-clash",
        "Two files must not become one module of the bindings, nor a file a folder.",
        documents.module_clash,
        "rename one of them",
    ),
)

EVENT_RULES: Sequence[Rule] = (
    Rule(
        "missing-metadata",
        "An event's contract says what it is and who owns it.",
        events.missing_metadata,
        'add "x-keybus" with type, owner, version and classification',
    ),
    Rule(
        "unknown-metadata",
        "An unknown key of x-keybus is a misspelt one.",
        events.unknown_metadata,
        "known are type, owner, version, classification, policy and key",
    ),
    Rule(
        "bad-type",
        "Types are dotted lower case, so that rules and subjects can match them.",
        events.bad_type,
        "write it like delivery.status.updated",
    ),
    Rule(
        "missing-owner",
        "Somebody answers for every event.",
        events.missing_owner,
        'add "owner": the account',
    ),
    Rule(
        "bad-version",
        "Versions are semantic (semver.org), so that a number means something.",
        events.bad_version,
        "write it like 1.0.0",
    ),
    Rule(
        "bad-classification",
        "Grants depend on what kind of data an event carries.",
        events.bad_classification,
        "one of public, internal, confidential, pii",
    ),
    Rule(
        "bad-key",
        "The ordering key is a property that the contract declares.",
        events.bad_key,
        "write it as a JSON pointer, like /delivery_id",
    ),
    Rule(
        "bad-policy",
        "A policy says which changes are allowed; a misspelt one says nothing.",
        events.bad_policy,
        'write it like {"mode": "FULL_TRANSITIVE", "strictness": "tolerant"}',
    ),
    Rule(
        "duplicate-type",
        "A type has one contract.",
        events.duplicate_type,
        "give one of them another type",
    ),
    Rule(
        "duplicate-title",
        "A title names one generated class.",
        events.duplicate_title,
        "give one of them another type",
    ),
    Rule("title-mismatch", "The class is named after the type.", events.title_mismatch),
    Rule(
        "missing-core-field",
        "Every event has id, type, time, publisher and schema_version.",
        events.missing_core_field,
        'compose it with "allOf": [{"$ref": "../core/Event.json"}, …]',
    ),
    Rule(
        "bad-head",
        "Clients fill id, type, time and schema_version, and every contract takes its own.",
        values.bad_head,
        "as it is, no event of the type can be created",
    ),
    Rule(
        "undeclared-required",
        "What is required and not declared cannot be given: bindings have no such property.",
        values.undeclared_required,
        "declare it under properties",
    ),
    Rule(
        "closed-all-of",
        "A closed schema refuses what is declared of the same value beside it.",
        values.closed_all_of,
        "remove additionalProperties: contracts are open",
    ),
    Rule("not-compiled", "Every contract can be enforced.", events.not_compiled),
)

RULES: Mapping[str, Rule] = {rule.id: rule for rule in (*FILE_RULES, *DOCUMENT_RULES, *EVENT_RULES)}


def run(rules: Sequence[Rule], subject: Subject) -> list[tuple[Rule, Finding]]:
    """What these rules find, each finding with its rule."""
    return [(rule, found) for rule in rules if rule.check for found in rule.check(subject)]
