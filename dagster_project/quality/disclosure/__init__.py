"""Statistical confidentiality: what may be told of restricted editions, and the proof that it gives nothing away.

The attacker knows every public table of this release and of those before it, open figures of other datasets, the
thresholds, the blank workbook, and what C and D stand for; that counts are whole and not negative, a part not above its
whole, a region the sum of those that answer; and that a value an edition repeats is the same number. He is taken to
know by how much a printed total misses the sum of its parts.

Counts below the threshold are masked (C), and so is a count that leaves that few of its base (D). A share goes with its
members, a mean with its base, an amount or anything else the thresholds cannot judge is masked whole. `protect` decides
an edition after the other, in publication order, those that only earlier releases tell of first; what a release made of
a number stays. `audit` attacks the outcome without a line of it.

Not reckoned with: that a new version of a number differs from the one before; that the cheapest cells are masked first.
"""
