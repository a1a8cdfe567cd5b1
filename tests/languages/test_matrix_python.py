"""The matrix of Python."""

from tests.languages.matrix import Matrix
from tests.languages.python import Python


class TestPython(Matrix):
    toolchain = Python()
