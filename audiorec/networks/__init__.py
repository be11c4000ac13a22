"""Small networks that hear the beat and the key, run in numpy.

- `files`: a network as two files, read with checks
- `key`, `train_key`: the key, and how the network for it is taught

They are taught with torch, and need none to be used: everyone gets the same values.
"""
