"""The matrix of Java."""

from tests.languages.java import Java
from tests.languages.matrix import Matrix


class TestJava(Matrix):
    toolchain = Java()
