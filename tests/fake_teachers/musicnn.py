"""A stand-in for a teacher: two networks that say with what the stretches begin and end that they are given."""

import torch

SAMPLE_RATE = 16_000
N_FFT = 512
PATCH_SAMPLES = 48_128
TAGS = ("rock", "happy")


class Ends(torch.nn.Module):
    def forward(self, samples):
        ends = samples[:, [0, -1]]
        return {"penultimate": ends, "tags": 10 * ends}


def log_mel(samples, *, center):
    assert not center
    return samples


def load(name):
    return {"musicnn_msd": Ends, "vgg_msd": Ends}[name]()
