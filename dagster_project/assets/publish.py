"""The release: the marts copied into an immutable file, and the served link repointed."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets.transform import mart_keys
from dagster_project.refresh import Refresh

RELEASE = dg.AssetKey(["release"])


def release_asset() -> dg.AssetsDefinition:
    """The asset that publishes, last; it says when the served release already holds the same values."""

    @dg.asset(
        key=RELEASE,
        group_name="release",
        deps=mart_keys(),
        description="Version publiée, ouverte par tous les lecteurs",
    )
    def release(run: dg.ResourceParam[Refresh]) -> Iterator[dg.MaterializeResult[None]]:
        published = run.publish()
        yield dg.MaterializeResult(
            metadata={"version": published.release_id, "nouvelle": published.is_new, "message": published.message}
        )

    return release
