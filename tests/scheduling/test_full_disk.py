"""Which node is full, and whether there is another one."""

import ray
from ray.tune import PlacementGroupFactory

from symray.scheduling.cluster.attached import start_ray
from symray.scheduling.cluster.avoiding import avoiding_node
from symray.scheduling.full_disk import full_node_of


def test_there_is_no_elsewhere_on_one_node() -> None:
    start_ray()
    (node,) = ray.nodes()  # type: ignore[no-untyped-call]
    request = PlacementGroupFactory([{"CPU": 1.0}])
    assert avoiding_node(request, node["NodeID"]) is request
    other = avoiding_node(request, "another one")
    assert other.required_resources == request.required_resources
    assert other != request


def test_other_reasons_name_no_node() -> None:
    assert full_node_of("OSError: [Errno 5] Input/output error: '/a, Ray's node abc'") is None
