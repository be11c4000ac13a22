"""The learned encoder: embeddings whose neighbours sound alike, and tags that people use. torch is imported only here.

`model` is the network, `card` tells which one there is (without torch), `weights` loads and checks what it was taught,
`embed` applies it to a spectrogram; `data` and `train` teach it.
"""
