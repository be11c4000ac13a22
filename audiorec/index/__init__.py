"""Which tracks are nearest: vectors by track, searched by inner product.

`exact` looks at every vector and is the measure of all others, `approximate` lets Annoy propose and ranks its proposals
exactly, `files` writes an index so that no reader sees half of one and reads none that was altered, `choice` takes the
one that suits a library. annoy is imported only here.
"""
