"""Playlists from a library: nearest candidates, rules, a varied choice, an order, and a reason for each pick.

`pool`        the library as arrays, and what is known of a song
`candidates`  what is wanted, as points among the tracks, and the tracks nearest to them
`versions`    when two tracks are one song
`rules`       what must hold of a playlist, and which rule gives way first
`rank`        relevance traded for variety, and steps further away
`order`       one track after another: smoothly, or along an arc of energy
`explain`     why a track was picked, in words that hold
`choose`      all of these in a row
`radio`       on from seeds, for ever, with feedback
`weekly`      a user's discoveries of a week

Nothing here knows of files or of the database: `Pool` holds arrays and fetches songs through a function.
"""
