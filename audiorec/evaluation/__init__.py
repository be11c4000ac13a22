"""How good recommendations are, told from what was hidden.

- `metrics`: where in a full ranking the wanted tracks are, a number a listener
- `lists`: what the recommended lists are like as a whole: coverage, popularity, variety
- `splits`: what of a history is hidden: by time, or tracks and plays at random; cold, warm and hot tracks
- `offline`: contenders ranked against one another on a library's own history
- `report`: the result as an HTML page
"""
