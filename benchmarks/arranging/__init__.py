"""Arrangements of songs in many styles: `scores` of songs, what is played to them, and how it sounds.

scores      songs of POP909 in beats
patterns    styles, read from styles.txt, and their drums
palettes    sounds for the parts of a style
comping     chords in rhythms
players     bass, arpeggios, pads and melodies
grooves     accompaniments by MMA
pieces      who plays what, when
sound       tempo, soundfonts, recording
synthesis   drum machines and sound chips
"""
