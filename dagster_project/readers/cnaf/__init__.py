"""CNAF: benefits paid by the family allowance funds, by commune, département and IRIS."""
