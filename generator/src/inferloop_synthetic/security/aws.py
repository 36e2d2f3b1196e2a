"""Tokens of AWS that stand for passwords: short-lived, signed with the credentials that a pod, a task or a person has.

A token is an address signed as AWS Signature Version 4 wants it, without its scheme; the database or the cache asks AWS whether
the signature is right. Nothing is sent to make one: only the credentials may have to be fetched, which botocore does.

- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
- https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from inferloop_synthetic.errors import InputError, OutsideError

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

TOKEN_S = 900
"""How long a token is good for connecting, which is the most that both services take; connections outlive it."""
LOOKED_FOR = (
    "EKS Pod Identity (AWS_CONTAINER_CREDENTIALS_FULL_URI), IAM roles for service accounts (AWS_ROLE_ARN with "
    "AWS_WEB_IDENTITY_TOKEN_FILE), a role of the task or machine, or AWS_ACCESS_KEY_ID"
)


class IdentityUnavailable(OutsideError):
    """There are no credentials of AWS just now, or they cannot be fetched; `hint` says what to do next."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}\n  {self.hint}"


class AwsIdentity:
    """Who this process is for AWS. Credentials are found at the first use, kept, and fetched anew before they end."""

    def __init__(self, region: str) -> None:
        try:
            import botocore.session  # noqa: F401  (said now, not when the first connection is made)
        except ModuleNotFoundError as error:
            raise InputError("signing in with AWS needs the extra [aws]: pip install 'inferloop-synthetic[aws]'") from error
        self.region = region
        self._lock, self._process = threading.Lock(), os.getpid()
        self._found: object = None

    def database_token(self, host: str, port: int, user: str) -> str:
        """Return what the role `user` of an RDS database gives for a password; raises IdentityUnavailable."""
        return self._signed(f"{host}:{port}/?Action=connect&DBUser={quote(user, safe='')}", "rds-db")

    def cache_token(self, name: str, user: str) -> str:
        """Return what `user` of an ElastiCache cache gives for a password. It is for the cache's name, not for its host.

        Raises IdentityUnavailable.
        """
        return self._signed(f"{name}/?Action=connect&User={quote(user, safe='')}", "elasticache")

    def _signed(self, address: str, service: str) -> str:
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method="GET", url=f"https://{address}")
        SigV4QueryAuth(self._credentials(), service, self.region, expires=TOKEN_S).add_auth(request)
        return str(request.url).removeprefix("https://")

    def _credentials(self) -> ReadOnlyCredentials:
        import botocore.session
        from botocore.exceptions import BotoCoreError, ClientError

        if os.getpid() != self._process:
            # A fork: a thread of the parent may have held the locks of what was found, and is not here to let them go.
            self._lock, self._found, self._process = threading.Lock(), None, os.getpid()
        try:
            with self._lock:
                if self._found is None:
                    session = botocore.session.get_session()
                    session.set_config_variable("region", self.region)
                    self._found = session.get_credentials()
                found = self._found
            frozen: ReadOnlyCredentials | None = None if found is None else found.get_frozen_credentials()  # type: ignore[attr-defined]
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            raise IdentityUnavailable(
                f"credentials of AWS cannot be fetched: {str(error) or type(error).__name__}",
                "Check that the service's role trusts this service account, and that the network policy lets it reach AWS.",
            ) from error
        if frozen is None or not frozen.access_key:
            raise IdentityUnavailable(f"there are no credentials of AWS; looked for {LOOKED_FOR}", "Give this service a role.")
        return frozen
