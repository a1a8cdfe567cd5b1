"""docs/subscribe-on-aws.md, done in an empty folder as it says: every file and command, in order."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from keybus import EventPublisher
from tests.cdk.platforms import MISSING
from tests.docs import transcript
from tests.docs.test_transcripts import DOCUMENTED_END, END, check
from tests.running import ROOT, Server, ServerFactory

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]
PAGE = (ROOT / "docs" / "subscribe-on-aws.md").read_text()
FILE = re.compile(r"^```\w+\n(# ([\w/.-]+\.\w+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
PIP = """
pip() {
  if [ "$1 $2" = "install --target" ]; then mkdir -p "$3"; cp -r "$INSTALLED/." "$3"; fi
}
"""
"""Puts what is installed here into the folder, where the page's own fetches it."""
FILES = {
    "platform/teams/finance.yaml",
    *(f"billing/{each}" for each in ("app.py", "src/billing.py", "src/service.py")),
    "billing/tests/test_billing.py",
}
COMPLETED = {
    "delivery_id": "DEL-7",
    "site": {"site_id": "SITE-1", "kind": "SINGLE_HOME"},
    "status": "IN_GARAGE",
    "packages_delivered": 2,
    "timestamp": "2026-01-31T08:00:00Z",
}


def installed(folder: Path) -> Path:
    """What `pip install keybus` brings, without extras."""
    shutil.copytree(ROOT / "src" / "keybus", folder / "keybus")
    names, known = ["keybus"], {"keybus"}
    while names:
        found = distribution(names.pop())
        for each in map(Requirement, found.requires or []):
            asked = each.marker is None or each.marker.evaluate({"extra": ""})
            if asked and each.name not in known:
                known.add(each.name)
                names.append(each.name)
        for file in [] if found.name == "keybus" else found.files or []:
            if ".." not in file.parts and file.suffix != ".pyc":
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(found.locate_file(file)), folder / file)
    return folder


def page(folder: Path) -> str:
    """The page with every file as a command that writes it."""

    def written(found: re.Match[str]) -> str:
        text, name = found.groups()
        at = folder / name
        return f"```sh\nmkdir -p {at.parent}\ncat > {at} <<'END_OF_FILE'\n{text}END_OF_FILE\n```"

    said = PAGE.replace(DOCUMENTED_END, END).replace("/path/to/keybus", str(ROOT))
    return FILE.sub(written, said)


def test_a_team_comes_from_an_empty_folder_to_a_handled_event(
    tmp_path: Path, new_server: ServerFactory, events: ModuleType
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    here = installed(tmp_path / "installed")
    pip = transcript.Step(f"INSTALLED={here}{PIP}", None)
    before, middle, after = page(project).partition("\n## 4. ")  # each has its own time limit
    assert middle
    check(list(transcript.steps(before)), project)
    check([pip, *transcript.steps(after)], project / "billing")
    assert {name for _, name in FILE.findall(PAGE)} == FILES
    the_function_is_fed_and_needs_nothing_beside_its_folder(project / "billing" / "cdk.out")
    bus = new_server(project / "platform")
    with EventPublisher(bus.url, publisher="key.delivery") as publisher:
        publisher.publish(events.DeliveryCompleted(**COMPLETED))
    the_service_handles_it(project / "billing", bus)


def the_function_is_fed_and_needs_nothing_beside_its_folder(out: Path) -> None:
    resources = json.loads((out / "billing.template.json").read_text())["Resources"]
    function, mapping = (
        next(each["Properties"] for each in resources.values() if each["Type"] == kind)
        for kind in ("AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping")
    )
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["GarageBillingQueue", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    asset = out / ("asset." + function["Code"]["S3Key"].removesuffix(".zip"))
    module, name = function["Handler"].split(".")
    program = f"from {module} import {name}; print({name}({{'Records': []}}))"
    alone = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append('.'); {program}"]
    done = subprocess.run(alone, cwd=asset, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "{'batchItemFailures': []}\n", done.stderr


def the_service_handles_it(folder: Path, bus: Server) -> None:
    """Over SQS as a bus of ours answers it, since boto3 reaches moto from its own process only."""
    said = {
        "KEYBUS_TRANSPORT": "aws",
        "AWS_ENDPOINT_URL": bus.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "src/service.py"],
        cwd=folder,
        env={**os.environ, **said},
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        timer = threading.Timer(60, service.kill)
        timer.start()
        assert service.stdout is not None
        assert service.stdout.readline() == "DEL-7: 2 packages to charge\n"
        service.terminate()
        assert service.wait(60) == 0
        timer.cancel()
