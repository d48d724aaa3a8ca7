"""What stops the fetching of one dataset."""

from dagster_project.errors import BilanError


class FetchError(BilanError):
    """A dataset could not be fetched; ``raw/`` is as it was. The message is French and holds no secret."""
