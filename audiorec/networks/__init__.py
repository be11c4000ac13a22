"""Small networks that hear the beat and the key, run in numpy.

- `files`: a network as two files, read with checks
- `beats`, `excerpts`, `train_beats`: the beat, what the network for it learns from, and how
- `key`, `clips`, `train_key`: the key, in the same way

They are taught with torch, and need none to be used: everyone gets the same values.
"""
