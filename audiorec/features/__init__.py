"""Descriptors as pure functions on arrays; they know nothing of files.

`loudness` takes samples at the file's own rate, the others a `Spectrogram` or what another of them returned.
"""
