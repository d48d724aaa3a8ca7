"""Banque de France: filings of over-indebtedness."""
