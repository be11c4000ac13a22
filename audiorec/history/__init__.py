"""Listening history: what people really have, read without conversion, and matched to the library's tracks.

::

    sources ──▶ formats ──▶ listenbrainz, spotify, table, lists, databases ──▶ Listen, FoundPlaylist, Broken
    (files, folders,   (by content)                                                   │
     archives; bounded)                               names (one spelling for all) ──▶ store ──▶ matching ──▶ report

`values` is what all readers share; `importing` runs the whole.
"""
