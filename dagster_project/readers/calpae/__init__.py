"""Convention (CALPAE) indicators: a workbook départements fill by hand, from a template of the project's own."""
