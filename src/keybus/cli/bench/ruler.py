"""event-ruler, the matcher inside Amazon EventBridge, measured in a JVM of its own.

Its side is `bench/event_ruler` of the repository; nothing of it is fetched by Keybus.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from keybus.cli.bench.families import RuleSet
from keybus.errors import SettingsError

AUTO, NONE = "auto", "none"
BUILD = "bench/event_ruler/build.sh"
_JAR = Path("bench/event_ruler/target/event-ruler-bench.jar")
_CHECKOUT = Path(__file__).parents[4]
JVM_OPTIONS = ("-Xms4g", "-Xmx4g")
"""A heap that it never has to fight for; everything else as the JVM has it by default."""


class Ruler(msgspec.Struct, frozen=True):
    """Where it is.

    Attributes:
        java: The program that runs it.
        jar: What `bench/event_ruler/build.sh` built.
    """

    java: str
    jar: Path


class RulerFigures(msgspec.Struct, frozen=True):
    """What event-ruler did with a rule set; speeds are events a second on one thread.

    Attributes:
        version: Of event-ruler.
        java: The virtual machine and its version.
        collector: The JVM's garbage collector.
        heap_bytes: The most that the JVM may use.
        build_seconds: To add all rules to a machine, in a fresh JVM.
        cold_jvm: The first pass over the events in a fresh JVM, before its compiler has done
            anything.
        cold_machine: The first pass with a fresh machine in a JVM that has run the same rules on
            another machine for some seconds. The fairer one of the two.
        warm: A later pass with the same machine in a warm JVM, the median of some.
        matches: Matching events by rule, without those that have none.
    """

    version: str
    java: str
    collector: str
    heap_bytes: int
    build_seconds: float
    cold_jvm: float
    cold_machine: float
    warm: float
    matches: Mapping[str, int]


def find(where: str) -> tuple[Ruler | None, str]:
    """The ruler, or none and the sentence that says why.

    Args:
        where: ``auto``, ``none``, or the path of the jar.

    Raises:
        SettingsError: A path was given and there is nothing to run.
    """
    if where == NONE:
        return None, "event-ruler was not asked for (--ruler none)."
    java = shutil.which("java")
    jar = _CHECKOUT / _JAR if where == AUTO else Path(where)
    if java is not None and jar.is_file():
        return Ruler(java, jar), ""
    missing = "there is no java on the PATH" if java is None else f"there is no {jar}"
    if where != AUTO:
        raise SettingsError(f"--ruler {where}: {missing}", hint=f"build it with {BUILD}")
    build = f"run {BUILD} in a checkout of Keybus"
    todo = f"install Java 17 or newer and Maven, and {build}" if java is None else build
    return None, f"event-ruler's columns are missing, since {missing}: {todo}."


def write_lines(file: Path, lines: list[bytes]) -> Path:
    """A file of that many lines."""
    with file.open("wb") as out:
        out.writelines(line + b"\n" for line in lines)
    return file


def measure_ruler(
    ruler: Ruler, rules: RuleSet, events: Path, folder: Path, passes: int
) -> RulerFigures:
    """One rule set in one JVM.

    Args:
        ruler: What to run.
        rules: The rules.
        events: A file of events, one a line.
        folder: For files that nobody needs afterwards.
        passes: How many warm passes the median is of.

    Raises:
        ClickException: It failed; the message has its last words.
    """
    encode = msgspec.json.encode
    lines = [
        encode({"name": name, "pattern": encode(pattern).decode()})
        for name, pattern in rules.patterns.items()
    ]
    asked = write_lines(folder / "rules.jsonl", lines)
    command = [ruler.java, *JVM_OPTIONS, "-jar", *map(str, (ruler.jar, asked, events, passes))]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-2_000:] or "nothing"
        raise click.ClickException(f"event-ruler failed on {rules.name!r}, saying: {said}")
    try:
        return msgspec.json.decode(done.stdout, type=RulerFigures)
    except msgspec.DecodeError as error:
        raise click.ClickException(
            f"{ruler.jar} is another version's ({error}): run {BUILD} again"
        ) from error
