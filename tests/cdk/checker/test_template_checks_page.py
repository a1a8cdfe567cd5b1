"""docs/template-checks.md, done in an empty folder as it says."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cdk.platforms import EXAMPLE, FENCE, MISSING, documented
from tests.running import ROOT

BLOCKS = {
    name or kind: text
    for kind, name, text in FENCE.findall((ROOT / "docs" / "template-checks.md").read_text())
}


def run(folder: Path, *command: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "CDK_OUTDIR": str(folder / "cdk.out")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "platform.yaml").write_text(documented()["platform/platform.yaml"])
    shutil.copytree(EXAMPLE / "contracts", tmp_path / "platform" / "contracts")
    for name in ("write.py", "open.py", "ask.py", "app.py"):
        (tmp_path / name).write_text(BLOCKS[name])
    return tmp_path


@pytest.mark.long
def test_from_templates_to_a_report_and_to_who_can_reach_what(project: Path) -> None:
    run(project, "write.py")
    program, *command = shlex.split(BLOCKS["sh"].replace("\\\n", " "))
    assert program == "keybus"
    clean = run(project, "-m", "keybus", *command, code=1)
    assert "0 errors, 2 warnings" in clean
    assert "nothing is found in 3 templates" in clean
    told = run(project, "ask.py").splitlines()
    assert told[:2] == ["111111111111", "arn:aws:sqs:eu-west-1:555555555555:garage-billing"]
    assert len(told) == 7
    run(project, "open.py")
    found = run(project, "-m", "keybus", *command, code=1)
    page = (ROOT / "docs" / "template-checks.md").read_text()
    shown = page.partition("```\nDX18")[2].partition("```")[0]
    assert f"DX18{shown}" in found


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_in_synthesis(project: Path) -> None:
    run(project, "app.py")
    app = (project / "app.py").read_text()
    beside = (
        "from aws_cdk import aws_sqs\n"
        "queue = aws_sqs.CfnQueue(app.node.find_child('amazon-key'), 'Beside')\n"
        "for rule in ('DX09', 'DX10'):\n"
        "    for id_ in (rule, f'keybus::{rule}', f'keybus|{rule}'):\n"
        "        known = cdk.Acknowledgment(id=id_, reason='as it is')\n"
        "        cdk.Validations.of(queue).acknowledge(known)\n"
    )
    before, synth, _ = app.rpartition("app.synth()")
    (project / "app.py").write_text(before + beside + synth)
    refused = run(project, "app.py", code=1)
    assert "FATAL Pair that bypasses the bus" in refused
    assert "amazon-key/Beside" in refused
    assert "keybus::DX10" in refused
