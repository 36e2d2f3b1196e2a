"""What a plan of each shipped environment makes, and that what is made carries the tags that people look for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from offline import ENVIRONMENTS, OfflinePlan, golden_file, plan_of
from terraform_tree import Tree

Golden = Callable[[Path, str], None]
pytestmark = [pytest.mark.terraform, pytest.mark.slow]

COMMON_TAGS = {"CostCenter", "Environment", "ManagedBy", "Owner", "Project"}


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def planned(request: pytest.FixtureRequest, tree: Tree) -> tuple[str, OfflinePlan]:
    """An environment's name and its plan."""
    return request.param, plan_of(tree, request.param)


def type_of(plan: OfflinePlan, address: str) -> str:
    """Return the type of a planned resource."""
    return str(plan.plan.resource_changes[address]["type"])


def test_the_plan_makes_what_the_inventory_says(planned: tuple[str, OfflinePlan], golden: Golden) -> None:
    environment, plan = planned
    types = Counter(type_of(plan, address) for address in plan.made)
    lines = [
        f"What a plan of environment {environment} on aws makes: {len(plan.made)} resources of {len(types)} types.",
        "",
        *(f"{count:4d} {name}" for name, count in sorted(types.items())),
        "",
        *sorted(plan.made),
    ]

    golden(golden_file(f"inventory-{environment}-aws.txt"), "\n".join(lines) + "\n")


def test_the_plan_has_no_warnings(planned: tuple[str, OfflinePlan]) -> None:
    assert planned[1].warnings == ()


def test_everything_that_takes_tags_has_those_of_the_environment(planned: tuple[str, OfflinePlan]) -> None:
    environment, plan = planned
    tagged = {address: values["tags"] for address, values in plan.made.items() if "tags" in values}
    lacking = {address: COMMON_TAGS - set(tags or {}) for address, tags in tagged.items()}

    assert len(tagged) > 100
    assert {address: missing for address, missing in lacking.items() if missing} == {}
    assert {tags["Environment"] for tags in tagged.values()} == {environment}


def test_what_belongs_to_a_service_says_so(planned: tuple[str, OfflinePlan]) -> None:
    """The key of a service's thing begins with the service's name, and its tag Service is that name."""
    _, plan = planned
    services = ("syndoc", "tabular", "textnlp")
    wrong = {}
    for address, values in plan.made.items():
        key = address.split('["')[-1].split('"')[0].split("/")[0] if address.endswith("]") else ""
        owner = next((name for name in services if key == name or key.startswith(f"{name}-")), None)
        about = "aws_budgets_budget" in address  # money is the platform team's, even where it is about a service
        if owner and not about and values.get("tags") and values["tags"].get("Service") != owner:
            wrong[address] = values["tags"].get("Service")

    assert wrong == {}


def test_a_service_without_a_queue_makes_none(planned: tuple[str, OfflinePlan]) -> None:
    """textnlp names no queue, tabular one; both use the shared database, which exists once."""
    made = list(planned[1].made)

    assert [address for address in made if "module.queue" in address and '"textnlp' in address] == []
    assert [address for address in made if 'aws_sqs_queue.this["tabular-jobs"]' in address]
    shared = {'module.database.aws_db_instance.this["shared"]', 'module.database.aws_rds_cluster.this["shared"]'}
    assert len(shared.intersection(made)) == 1
