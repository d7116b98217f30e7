"""Artifact Registry API v1: what the registry knows of an image beside its content.
https://cloud.google.com/artifact-registry/docs/reference/rest"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import not_found
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.image_build import RepositoryContent
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import Project

Json = dict[str, Any]
API = "artifactregistry.googleapis.com"

_REPOSITORY = "/v1/projects/{project}/locations/{location}/repositories/{repository:[^/:]+}"


def add_artifacts(application: web.Application, cloud: Cloud) -> None:
    """Repositories, images, tags."""
    surface = Surface(application, cloud, API)
    surface.get(_REPOSITORY, _get_repository)
    surface.get(f"{_REPOSITORY}:getIamPolicy", _get_policy)
    surface.get(f"{_REPOSITORY}/dockerImages", _list_images)
    surface.get(f"{_REPOSITORY}/dockerImages/{{image:[^/]+}}", _get_image)
    surface.get(f"{_REPOSITORY}/packages/{{package:[^/]+}}/tags/{{tag}}", _get_tag)


def _get_repository(ask: Ask) -> Json:
    project = _enter(ask, "artifactregistry.repositories.get")
    if not _contents(ask, project):
        raise not_found("Requested entity was not found.")
    return {"name": _name(ask, project), "format": "DOCKER", "mode": "STANDARD_REPOSITORY"}


def _get_policy(ask: Ask) -> Json:
    _enter(ask, "artifactregistry.repositories.getIamPolicy")
    return {"etag": "ACAB"}


def _list_images(ask: Ask) -> Json:
    project = _enter(ask, "artifactregistry.dockerimages.list")
    images = [
        _image_json(ask, project, package, digest, content)
        for package, content in _contents(ask, project).items()
        for digest in content.manifests
    ]
    return listing("dockerImages", cut_page(images, ask))


def _get_image(ask: Ask) -> Json:
    project = _enter(ask, "artifactregistry.dockerimages.get")
    package, _, digest = ask.names["image"].partition("@")
    content = _contents(ask, project).get(package)
    if content is None or digest not in content.manifests:
        raise not_found("Requested entity was not found.")
    return _image_json(ask, project, package, digest, content)


def _get_tag(ask: Ask) -> Json:
    project = _enter(ask, "artifactregistry.tags.get")
    package, tag = ask.names["package"], ask.names["tag"]
    content = _contents(ask, project).get(package)
    if content is None or tag not in content.tags:
        raise not_found("Requested entity was not found.")
    base = f"{_name(ask, project)}/packages/{package.replace('/', '%2F')}"
    return {"name": f"{base}/tags/{tag}", "version": f"{base}/versions/{content.tags[tag]}"}


def _enter(ask: Ask, permission: str) -> Project:
    return ask.require(permission, ask.path.removeprefix("/v1/"))


def _contents(ask: Ask, project: Project) -> dict[str, RepositoryContent]:
    """The images of a repository by their name in it."""
    prefix = f"{project.id}/{ask.names['repository']}/"
    images = ask.cloud.world.images
    return {name.removeprefix(prefix): content for name, content in images.items() if name.startswith(prefix)}


def _name(ask: Ask, project: Project) -> str:
    return f"projects/{project.id}/locations/{ask.names['location']}/repositories/{ask.names['repository']}"


def _image_json(ask: Ask, project: Project, package: str, digest: str, content: RepositoryContent) -> Json:
    host = f"{ask.names['location']}-docker.pkg.dev"
    manifest = content.manifests[digest]
    layers = json.loads(manifest.body).get("layers", [])
    uploaded = ask.cloud.world.upload_times.get(digest, "")
    body: Json = {
        "name": f"{_name(ask, project)}/dockerImages/{package.replace('/', '%2F')}@{digest}",
        "uri": f"{host}/{project.id}/{ask.names['repository']}/{package}@{digest}",
        "tags": sorted(tag for tag, named in content.tags.items() if named == digest),
        "imageSizeBytes": str(sum(layer["size"] for layer in layers)),
        "mediaType": manifest.media_type,
    }
    return body | ({"uploadTime": uploaded, "updateTime": uploaded} if uploaded else {})
