"""A directory.yaml beside a configuration: people and groups, with the place of everything that is wrong."""

from pathlib import Path

from pydantic import ValidationError

from steadydesk.configuration.explain import model_problems
from steadydesk.configuration.problem import Place, Problem
from steadydesk.configuration.yaml_source import read_file
from steadydesk.contracts.directory_document import DirectoryDocument


def read_directory(file: Path) -> tuple[DirectoryDocument | None, list[Problem]]:
    """The document, or None with the problems that keep it from being read."""
    source = read_file(file)
    if source.problems:
        return None, source.problems
    try:
        return DirectoryDocument.model_validate(source.data or {}), []
    except ValidationError as error:
        return None, model_problems(error, source.places, Place(str(file), 1, 1), DirectoryDocument)
