"""docs/aws-cdk.md, done in an empty folder as it says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cdk.platforms import EXAMPLE, MISSING, documented

BLOCKS = documented()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("platform/platform.yaml", "platform/app.py", "billing/app.py", "plain.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(BLOCKS[name])
    (tmp_path / "deliveries").mkdir()
    (tmp_path / "deliveries" / "app.py").write_text(BLOCKS["deliveries/app.py"])
    shutil.copytree(EXAMPLE / "contracts", tmp_path / "platform" / "contracts")
    return tmp_path


def test_without_the_cdk(project: Path) -> None:
    done = run(project / "plain.py")
    first, *_ = done.splitlines()
    assert first.startswith("central 100000000000 eu-west-1 ")
    assert "subscription/garage-billing 555555555555 eu-west-1 25" in done


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_from_an_empty_app_to_templates(project: Path) -> None:
    # One process for all three, as each has Node start anew; the CDK hands it what cdk.json says.
    out = project / "cdk.out"
    (project / "all.py").write_text(
        "import os, runpy\n"
        "for name in ('platform', 'billing', 'deliveries'):\n"
        "    os.chdir(name)\n"
        "    runpy.run_path('app.py')\n"
        "    os.chdir('..')\n"
    )
    context = json.dumps(json.loads(BLOCKS["json"])["context"])
    run(project / "all.py", CDK_OUTDIR=str(out), CDK_CONTEXT_JSON=context)
    central, billing, deliveries = (
        json.loads((out / f"{stack}.template.json").read_text())["Resources"]
        for stack in ("amazon-key", "billing", "deliveries")
    )
    assert {"CentralBus", "GarageBillingForwardRule"} <= central.keys()
    [mapping] = [each for each in billing.values() if each["Type"].endswith("EventSourceMapping")]
    arn = {"Fn::GetAtt": ["GarageBillingQueue", "Arn"]}
    assert mapping["Properties"]["EventSourceArn"] == arn
    assert billing["GarageBillingQueue"]["Properties"]["QueueName"] == "garage-billing"
    [role] = [each for each in deliveries.values() if each["Type"] == "AWS::IAM::Role"]
    assert len(role["Properties"]["ManagedPolicyArns"]) == 1


def run(program: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, program.name],
        cwd=program.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
