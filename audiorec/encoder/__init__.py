"""The learned encoder: embeddings whose neighbours sound alike, and tags that people use. torch is imported only here.

`model` is the network, `card` tells which one there is (without torch), `weights` loads and checks what it was taught,
`embed` applies it to a spectrogram. To teach it: `corpus` is the music, `teachers` say what they hear in it, `data`
cuts both into windows, `transforms` is torchaudio's part, `train` the loop, `whitening` makes weights of what was
learned, and `recipe` goes the whole way.
"""
