"""docs/aws.md lists exactly what the server answers and refuses."""

import re

from tests.aws.surface import faces, service_model
from tests.docs import aws_page


def test_the_tables_are_what_the_server_answers() -> None:
    assert aws_page.PAGE.read_text() == aws_page.render(), "python -m tests.docs.aws_page"


def test_the_tables_have_every_operation_of_the_models_once() -> None:
    tables = aws_page.render().partition(aws_page.BEGIN)[2]
    listed = re.findall(
        r"^\| `(\w+)` \| (?:supported|not yet|refused: .+) \|$", tables, re.MULTILINE
    )
    known = [each for face in faces() for each in sorted(service_model(face.name).operation_names)]
    assert listed == known
