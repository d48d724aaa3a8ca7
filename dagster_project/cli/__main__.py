"""``python -m dagster_project.cli``: the command line, where no script is installed."""

from dagster_project.cli import main

main()
