"""Reading what was applied."""

from __future__ import annotations

import pytest

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.state import read_state

STATE = {
    "version": 4,
    "terraform_version": "1.11.4",
    "serial": 37,
    "resources": [
        {
            "module": "module.platform.module.queue",
            "mode": "managed",
            "type": "aws_sqs_queue",
            "name": "this",
            "instances": [
                {"index_key": "tabular-jobs", "attributes": {"id": "url", "tags": None}},
                {"index_key": "tabular-jobs", "deposed": "1a2b", "attributes": {"id": "old"}},
            ],
        },
        {"mode": "data", "type": "aws_partition", "name": "this", "instances": [{"attributes": {}}]},
        {
            "mode": "managed",
            "type": "aws_vpc",
            "name": "this",
            "instances": [{"index_key": 0, "attributes": {"id": "vpc-1", "tags": {"Service": "platform"}}}],
        },
        {
            "mode": "managed",
            "type": "aws_x",
            "name": "y",
            "instances": [{"attributes": {"tags_all": {"Service": "syndoc"}}}],
        },
        {"mode": "managed", "type": "aws_z", "name": "z", "instances": [{"attributes": {"tags": "not a map"}}]},
    ],
}


def test_resources_are_read_by_service() -> None:
    state = read_state(STATE, ["tabular", "syndoc"])
    assert (state.serial, state.terraform) == (37, "1.11.4")
    found = {service: [one.address.text for one in owned] for service, owned in state.by_service().items()}
    assert found == {
        "": ["aws_vpc.this[0]", "aws_z.z"],
        "syndoc": ["aws_x.y"],
        "tabular": ['module.platform.module.queue.aws_sqs_queue.this["tabular-jobs"]'],
    }
    assert [one.id for one in state.by_service()["tabular"]] == ["url"]


def test_an_empty_state_has_no_resources() -> None:
    assert read_state({"version": 4, "serial": 1, "terraform_version": "1.11.4"}, []).resources == ()


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(InferloopError, match="version 5"):
        read_state({"version": 5}, [])
