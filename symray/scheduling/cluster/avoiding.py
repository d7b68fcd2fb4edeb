"""A request for resources of any node but one."""

import ray
from ray.tune import PlacementGroupFactory


def avoiding_node(request: PlacementGroupFactory, node: str) -> PlacementGroupFactory:
    """The same request on any other node; as it is where no other node is big enough."""
    asked = request.required_resources
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    others = (n for n in nodes if n["Alive"] and n["NodeID"] != node)
    if not any(all(n["Resources"].get(k, 0) >= v for k, v in asked.items()) for n in others):
        return request
    selector = [{"ray.io/node-id": f"!{node}"}]
    return PlacementGroupFactory(request.bundles, bundle_label_selector=selector)
