"""Which tracks are nearest: vectors by track, searched by inner product.

`exact` looks at every vector and is the measure of all others; `trees` are Annoy's, `recall` finds out how far they
must be searched, and `approximate` ranks exactly what they propose; `files` writes an index so that no reader sees half
of one and reads none that was altered; `choice` takes the one that suits a library. annoy is imported only here.
"""
