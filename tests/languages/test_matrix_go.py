"""The matrix of Go."""

from tests.languages.golang import Go
from tests.languages.matrix import Matrix


class TestGo(Matrix):
    toolchain = Go()
