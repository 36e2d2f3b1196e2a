"""Everything that is wrong with a project, at once: every file, every service in every environment on every cloud."""

from __future__ import annotations

from inferloop_deploy.config.checks.form import form_problems
from inferloop_deploy.config.effective import Reader, between_environments, resolve
from inferloop_deploy.config.load import Project
from inferloop_deploy.config.targets import TARGETS
from inferloop_deploy.errors import Problem, in_order, without_echoes


def validate(project: Project) -> list[Problem]:
    """Return all problems of a project, each once, by file and line."""
    reader = Reader()
    found = [*form_problems(project), *reader.read(project, None, None)[1]]
    for env, files in project.environments.items():
        for cloud in files.clouds:
            if cloud in TARGETS:
                found += resolve(project, env, cloud, reader)[1]
    for cloud in TARGETS:
        found += between_environments(project, cloud)
    return in_order(without_echoes(found))
