"""INSEE: what its files hold, one module a family."""
