"""The release: the marts copied into an immutable file, and the served link repointed."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets.disclosure import AUDIT
from dagster_project.assets.transform import mart_keys
from dagster_project.errors import UnapprovedChangeError
from dagster_project.refresh import Refresh

RELEASE = dg.AssetKey(["release"])
APPROVED = "changements_approuves"


def release_asset() -> dg.AssetsDefinition:
    """The asset that publishes, last; it says when the served release already holds the same values."""

    @dg.asset(
        key=RELEASE,
        group_name="release",
        deps=[*mart_keys(), AUDIT],
        description="Version publiée, ouverte par tous les lecteurs",
        check_specs=[
            dg.AssetCheckSpec(
                APPROVED,
                asset=RELEASE,
                blocking=True,
                description="Ce qui change au-delà des seuils est approuvé dans raw/approvals/",
            )
        ],
    )
    def release(run: dg.ResourceParam[Refresh]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        try:
            published = run.publish()
        except UnapprovedChangeError as error:
            yield dg.AssetCheckResult(check_name=APPROVED, passed=False, metadata={"changements": str(error)})
            raise
        yield dg.AssetCheckResult(check_name=APPROVED, passed=True)
        yield dg.MaterializeResult(
            metadata={"version": published.release_id, "nouvelle": published.is_new, "message": published.message}
        )

    return release
