"""Gaps in Amazon CloudFront: moto keeps part of a distribution, and has no policies.

The shapes are those of the Amazon CloudFront API reference, as botocore's service model writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.cloudfront import responses, urls
from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from .gap import Gap, Patches

Document = dict[str, Any]


class NoSuch(CloudFrontException):
    """What CloudFront answers where a policy is unknown."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"NoSuch{kind}", f"The {kind} does not exist.")


def _kept(response: Any, kind: str) -> dict[str, Document]:
    kept: dict[str, Document] = response.backend.__dict__.setdefault(f"sandbox_{kind}", {})
    return kept


def _policy(response: Any, kind: str) -> tuple[str, Document]:
    name = response._get_param("Id")
    if name not in _kept(response, kind):
        raise NoSuch(kind)
    return name, _kept(response, kind)[name]


def _answer(kind: str, name: str, kept: Document) -> ActionResult:
    policy = {"Id": name, "LastModifiedTime": kept["changed"], f"{kind}Config": kept["config"]}
    return ActionResult({kind: policy, "ETag": kept["etag"]})


def _write(response: Any, kind: str, name: str) -> ActionResult:
    kept = {
        "config": response._get_param(f"{kind}Config", {}),
        "etag": mock_random.get_random_string(14).upper(),
        "changed": utcnow(),
    }
    _kept(response, kind)[name] = kept
    return _answer(kind, name, kept)


def _calls(kind: str) -> dict[str, Callable[..., Any]]:
    """Return create, get, update and delete of a kind of policy, by the name of moto's method."""
    word = {"CachePolicy": "cache_policy", "ResponseHeadersPolicy": "response_headers_policy"}[kind]

    def create(response: Any) -> ActionResult:
        return _write(response, kind, str(mock_random.uuid4()))

    def get(response: Any) -> ActionResult:
        return _answer(kind, *_policy(response, kind))

    def update(response: Any) -> ActionResult:
        return _write(response, kind, _policy(response, kind)[0])

    def delete(response: Any) -> EmptyResult:
        del _kept(response, kind)[_policy(response, kind)[0]]
        return EmptyResult()

    return {f"create_{word}": create, f"get_{word}": get, f"update_{word}": update, f"delete_{word}": delete}


def _policies(kind: str, path: str) -> Callable[[Patches], None]:
    def install(patches: Patches) -> None:
        for name, call in _calls(kind).items():
            patches.add(responses.CloudFrontResponse, name, call)
        for pattern in (f"/2020-05-31/{path}$", f"/2020-05-31/{path}/(?P<policy_id>[^/]+)$"):
            patches.route(urls, pattern, responses.CloudFrontResponse.dispatch)

    return install


NONE: Document = {"Quantity": 0}

DISTRIBUTION: Document = {
    "Aliases": NONE,
    "CacheBehaviors": NONE,
    "ContinuousDeploymentPolicyId": "",
    "CustomErrorResponses": NONE,
    "DefaultRootObject": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": False,
    "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
    "OriginGroups": NONE,
    "PriceClass": "PriceClass_All",
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "Staging": False,
    "ViewerCertificate": {},
    "WebACLId": "",
}
"""What CloudFront takes where a distribution says nothing."""

ORIGIN: Document = {
    "ConnectionAttempts": 3,
    "ConnectionTimeout": 10,
    "CustomHeaders": NONE,
    "OriginAccessControlId": "",
    "OriginPath": "",
    "OriginShield": {"Enabled": False},
}
"""What it takes where an origin says nothing."""

BEHAVIOR: Document = {
    "Compress": False,
    "FieldLevelEncryptionId": "",
    "FunctionAssociations": NONE,
    "GrpcConfig": {"Enabled": False},
    "LambdaFunctionAssociations": NONE,
    "SmoothStreaming": False,
    "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    "TrustedSigners": {"Enabled": False, "Quantity": 0},
}
"""What it takes where a cache behaviour says nothing."""

OWN_CERTIFICATE: Document = {
    "CertificateSource": "cloudfront",
    "CloudFrontDefaultCertificate": True,
    "MinimumProtocolVersion": "TLSv1",
    "SSLSupportMethod": "vip",
}
"""The certificate of a distribution that names none."""


def completed(config: Document) -> Document:
    """Return a distribution's configuration as CloudFront tells it: what was asked for, over what it takes itself."""
    told = {**DISTRIBUTION, **_given(config)}
    certificate = _given(told["ViewerCertificate"])
    if {"ACMCertificateArn", "IAMCertificateId"} & certificate.keys():
        told["ViewerCertificate"] = {"CloudFrontDefaultCertificate": False, **certificate}
    else:
        told["ViewerCertificate"] = OWN_CERTIFICATE
    told["DefaultCacheBehavior"] = {**BEHAVIOR, **_given(told["DefaultCacheBehavior"])}
    told["CacheBehaviors"] = _each(told["CacheBehaviors"], BEHAVIOR)
    told["Origins"] = _each(told["Origins"], ORIGIN)
    return told


def _each(several: Document, defaults: Document) -> Document:
    return several | {"Items": [{**defaults, **_given(one)} for one in several.get("Items") or []]}


def _given(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


def _whole_distributions(patches: Patches) -> None:
    def keep(change: Callable[..., Any], config_name: str) -> Callable[..., Any]:
        def changed(backend: Any, *arguments: Any, **named: Any) -> Any:
            # Moto changes what it is given.
            config = deepcopy(named[config_name])
            answer = change(backend, *arguments, **named)
            answer[0].sandbox_config = completed(config)
            return answer

        return changed

    def tell_config(_: Callable[..., Any]) -> Callable[..., Any]:
        def get_distribution_config(response: Any) -> ActionResult:
            distribution, etag = response.backend.get_distribution(response._get_param("Id"))
            return ActionResult({"DistributionConfig": distribution.sandbox_config, "ETag": etag})

        return get_distribution_config

    def tell(_: Callable[..., Any]) -> Callable[..., Any]:
        def get_distribution(response: Any) -> ActionResult:
            distribution, etag = response.backend.get_distribution(response._get_param("Id"))
            nobody = {"Enabled": False, "Quantity": 0}
            told = {
                "Id": distribution.distribution_id,
                "ARN": distribution.arn,
                "Status": distribution.status,
                "LastModifiedTime": utcnow(),
                "InProgressInvalidationBatches": 0,
                "DomainName": distribution.domain_name,
                "ActiveTrustedSigners": nobody,
                "ActiveTrustedKeyGroups": nobody,
                "DistributionConfig": distribution.sandbox_config,
            }
            return ActionResult({"Distribution": told, "ETag": etag})

        return get_distribution

    patches.replace(CloudFrontBackend, "create_distribution", lambda create: keep(create, "distribution_config"))
    patches.replace(CloudFrontBackend, "update_distribution", lambda update: keep(update, "dist_config"))
    patches.replace(responses.CloudFrontResponse, "get_distribution", tell)
    patches.replace(responses.CloudFrontResponse, "get_distribution_config", tell_config)


GAPS = (
    Gap(
        id="cloudfront-cache-policies",
        service="CloudFront",
        stock="Has no cache policies.",
        remedy="Keeps them.",
        reason="Each site has one.",
        hides="Whether CloudFront accepts the policy.",
        install=_policies("CachePolicy", "cache-policy"),
    ),
    Gap(
        id="cloudfront-distributions",
        service="CloudFront",
        stock="Tells only part of a distribution's configuration.",
        remedy="Tells the configuration as it was set, completed by CloudFront's own defaults.",
        reason="Every plan would change origins, cache behaviour and certificate again.",
        hides="Distributions are deployed at once; certificates in other regions, aliases taken by others and policies that "
        "do not exist are not noticed.",
        install=_whole_distributions,
    ),
    Gap(
        id="cloudfront-response-headers-policies",
        service="CloudFront",
        stock="Has no policies for response headers.",
        remedy="Keeps them.",
        reason="Each site has one.",
        hides="Whether CloudFront accepts the policy.",
        install=_policies("ResponseHeadersPolicy", "response-headers-policy"),
    ),
)
