"""A few fat assets: one a dataset, one for the context, two for dbt, the reconciliation, the release."""
