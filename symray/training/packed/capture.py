"""A step of many small kernels as one launch."""

from collections.abc import Callable

import torch

_WARM_UP = 3  # what PyTorch's documentation asks for before a capture


def captures(device: torch.device) -> bool:
    """Whether steps on ``device`` can be captured."""
    return device.type == "cuda"


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """``step`` as a CUDA graph that reads and writes the same tensors; changes them as it warms up.

    ``step`` must not synchronise, and whatever differs between two calls must stand in tensors that
    stay where they are.
    """
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):  # where cuBLAS and cuSOLVER have their workspaces
        step()
    return graph.replay
