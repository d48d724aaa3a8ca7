"""What the published tables must hold, worked out again from ``raw/`` by other means.

Plain Python on the CSV files and their sidecars: no SQL, no pandas, nothing of `dagster_project`. The nomenclatures
of ``dbt/seeds`` are read as data. The rules are those of the tables' descriptions and of the documents, not those of
the models.
"""
