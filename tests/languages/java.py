"""Java's tools: javac and java, and Maven for the class path."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import write_package
from keybus.contracts.bindings.java import java_package
from tests.running import ROOT, SECRETS

CLIENT = ROOT / "clients" / "java"
PROGRAMS = Path(__file__).parent / "programs" / "java"
PACKAGE = "com.example.events"
STRICT = ("-encoding", "UTF-8", "--release", "17", "-proc:none", "-Xlint:all", "-Werror")
BRIEF = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


def missing() -> str:
    """Why no Java can be compiled and run here, or empty."""
    for tool, what in (("javac", "a JDK"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            return f"{what} is not installed: there is no {tool}"
    return ""


class Java:
    """The JDK that is installed."""

    name = "java"
    missing = missing()

    def generate(self, contracts: Path, folder: Path) -> None:
        files = java_package(ContractRepository.load(contracts).values(), package=PACKAGE)
        write_package(folder / "src" / Path(*PACKAGE.split(".")), files)

    def compile(self, folder: Path) -> None:
        sources = sorted(map(str, (folder / "src").rglob("*.java")))
        (folder / "sources.txt").write_text("".join(f'"{source}"\n' for source in sources))
        out = folder / "classes"
        shutil.rmtree(out, ignore_errors=True)
        words = ("-Xdoclint:all,-missing", "-d", str(out), f"@{folder / 'sources.txt'}")
        javac(*words, "-cp", class_path())

    def exchange(self, folder: Path, rows: Path) -> list[dict[str, Any]]:
        index = folder / "index.txt"
        index.write_text("".join(f"{each} {name}\n" for each, name in classes(folder).items()))
        out = self.program(folder, "Exchange", str(index), str(rows))
        return [json.loads(line) for line in out.split("\n") if line]

    def publish(self, folder: Path, endpoint: str) -> list[str]:
        return self.program(folder, "Publish", endpoint).split()

    def consume(self, folder: Path, endpoint: str, queue_url: str, count: int) -> list[str]:
        return self.program(folder, "Consume", endpoint, queue_url, str(count)).split()

    def program(self, folder: Path, name: str, *words: str) -> str:
        """Compile one of the programs for tests against a project, and run it."""
        libraries = f"{folder / 'classes'}{os.pathsep}{class_path()}"
        out = folder / "programs"
        if not (out / f"{name}.class").exists():
            javac("-cp", libraries, "-d", str(out), str(PROGRAMS / f"{name}.java"))
        return java(f"{out}{os.pathsep}{libraries}", name, *words)


def javac(*words: str) -> None:
    """Compile as strictly as can be; a short-lived compiler need not be compiled well itself."""
    run("javac", *(f"-J{option}" for option in BRIEF), *STRICT, *words)


def java(path: str, program: str, *words: str, environment: Mapping[str, str] = CREDENTIALS) -> str:
    """Run a compiled program: what it prints."""
    return run("java", *BRIEF, "-cp", path, program, *words, environment=environment)


def run(tool: str, *words: str, environment: Mapping[str, str] = CREDENTIALS) -> str:
    """Run a tool: what it prints."""
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    done = subprocess.run(
        [tool, *words],
        env={**inherited, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@cache
def class_path() -> str:
    """The client library and all that it needs; built where its sources are newer."""
    target = CLIENT / "target"
    built = target / "classpath.txt"
    with _alone(CLIENT):
        if not built.exists() or built.stat().st_mtime < _newest(CLIENT):
            goals = ("compile", "dependency:build-classpath")
            options = ("-Dmdep.outputFile=target/classpath.txt", "-Dmdep.includeScope=runtime")
            run("mvn", "-q", "-B", "-f", str(CLIENT / "pom.xml"), *goals, *options)
            built.touch()
        return f"{target / 'classes'}{os.pathsep}{built.read_text().strip()}"


def classes(folder: Path) -> dict[str, str]:
    """The event classes of a project, by their types."""
    found = {}
    for file in (folder / "src").rglob("*.java"):
        text = file.read_text()
        for event_type in re.findall(r'String TYPE = "(.*)"', text):
            [package] = re.findall(r"^package (.*);", text, re.MULTILINE)
            found[event_type] = f"{package}.{file.stem}"
    return found


def _newest(folder: Path) -> float:
    files = [folder / "pom.xml", *(folder / "src" / "main").rglob("*.java")]
    return max(file.stat().st_mtime for file in files)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep the other processes of a test run out."""
    with (folder / "pom.xml").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
