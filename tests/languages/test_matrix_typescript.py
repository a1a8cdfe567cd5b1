"""The matrix of TypeScript."""

from tests.languages.matrix import Matrix
from tests.languages.typescript import TypeScript


class TestTypeScript(Matrix):
    toolchain = TypeScript()
