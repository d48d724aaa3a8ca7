"""How often each drill is repeated: little in a run of the tests, in full under `make drills`."""

import os

KILLS = int(os.environ.get("BILAN_KILLS", "10"))
# A refresh that nobody disturbs comes after every so many kills; after each one, in full.
KILLS_HEALED = int(os.environ.get("BILAN_KILLS_HEALED", "5"))
FAULTS = int(os.environ.get("BILAN_FAULTS", "3"))
READERS = int(os.environ.get("BILAN_READERS", "4"))
PUBLICATIONS = int(os.environ.get("BILAN_PUBLICATIONS", "10"))
# Of the hostile statements, those that exhaust the machine: each is waited for.
EXHAUSTIONS = int(os.environ.get("BILAN_EXHAUSTIONS", "3"))
FLIPS = int(os.environ.get("BILAN_FLIPS", "50"))
# Of restricted answers, each a whole refresh.
RELEASES = int(os.environ.get("BILAN_RELEASES", "2"))
# What every drill draws from, so that it can be played again as it was.
SEED = int(os.environ.get("BILAN_SEED", "20"))
