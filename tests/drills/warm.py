"""Loads what a refresh loads, once, in the process that the drills' refreshes are forked from. It opens nothing."""

import dagster._core.storage.sqlite_storage  # noqa: F401
import pandas  # noqa: F401

import dagster_project.cli
import dagster_project.definitions
import dagster_project.quality.verdicts
import dagster_project.release.publish
import dagster_project.release.verify
import dagster_project.runner  # noqa: F401
from dagster_project import dbt

dbt.warm_up()
