"""For people: the site of a release, made from its marts and from nothing else."""
