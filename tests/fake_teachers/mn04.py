"""A stand-in for a teacher: it says how long the stretches are that it is given, with what they begin, and numbers."""

import torch

SAMPLE_RATE = 16_000


class Length(torch.nn.Module):
    def forward(self, samples):
        length = torch.full((len(samples),), samples.shape[1] / SAMPLE_RATE)
        return {
            "penultimate": torch.stack([length, samples[:, 0]], dim=1),
            "classes": torch.arange(527.0).expand(len(samples), 527),
        }


def log_mel(samples):
    return samples


def load():
    return Length()


def class_names():
    return [f"class {number}" for number in range(527)]
