"""Issuing codes and tokens: what Authlib's grants call, typed, over the ports (RFC 6749 §4.1, §4.4, §6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.logs import get
from idp.protocol import access_token, id_token, refresh_token, resource_indicators
from idp.protocol.access_token import LIFETIME as ACCESS_TOKEN_LIFETIME
from idp.protocol.account import Account
from idp.protocol.account_ports import Accounts
from idp.protocol.audit import SYSTEM, AuditKind
from idp.protocol.audit_ports import AuditWriter
from idp.protocol.authorization_code import LIFETIME as CODE_LIFETIME
from idp.protocol.authorization_code import AuthorizationCode, grant_id_of, hash_code, verify_code
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant
from idp.protocol.grant_ports import AuthorizationCodeStore, IssuedTokens, RefreshTokenStore, RevokedGrants
from idp.protocol.key_ports import Keys
from idp.protocol.refresh_token import Grant, RefreshToken, Use
from idp.protocol.scope import OFFLINE_ACCESS
from idp.protocol.session import Session
from idp.protocol.session_ports import LiveSessions
from idp.protocol.subject import SubjectFor

_log = get("onewindow.idp")
TokenAnswer = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """A code that was taken and holds, with the account it stands for and the grant it gives."""

    code: AuthorizationCode
    account: Account
    gid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A refresh token that was presented and holds, in plain for its successor."""

    token: RefreshToken
    plain: str
    account: Account
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Issues what grants give. `api` is the audience of API scopes; `successor_key` makes refresh successors."""

    issuer: str
    api: str
    successor_key: bytes
    token_urlsafe: Callable[[int], str]
    accounts: Accounts
    keys: Keys
    codes: AuthorizationCodeStore
    sessions: LiveSessions
    refresh_tokens: RefreshTokenStore
    revoked: RevokedGrants
    issued: IssuedTokens
    audit: AuditWriter
    subject_for: SubjectFor

    async def keep_code(self, code: str, request: AuthorizationRequest, session: Session, *, at: datetime) -> None:
        """Keep a fresh code for a minute."""
        kept = AuthorizationCode(
            client_id=request.target.client.client_id,
            redirect_uri=request.target.redirect_uri,
            scope=request.scope,
            sub=session.sub,
            sid=session.sid,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
            id_token_claims=tuple(sorted(request.claims.id_token)),
            userinfo_claims=tuple(sorted(id_token.permitted(request.claims.userinfo, request.target.client))),
            dpop_jkt=request.dpop_jkt,
            issued_at=at,
            resource=request.resource,
        )
        await self.codes.keep(hash_code(code), kept, CODE_LIFETIME)

    async def take_code(self, code: str, client: Client, redirect_uri: str | None, *, at: datetime) -> Redeemed:
        """Take a code once; a second use revokes what the first one gave (RFC 6749 §4.1.2).

        Raises:
            InvalidGrant: gone, another client's, late, its session ended or its account stopped.
        """
        kept = await self.codes.take(hash_code(code))
        if kept is None:
            await self.revoke(grant_id_of(code), at=at)
            raise InvalidGrant("The code does not hold.", detail="unknown or used before")
        verify_code(kept, client, redirect_uri, at=at)
        live = await self.sessions.by_sid(kept.sid, at=at)
        if live is None or live[1].sub != kept.sub:
            raise InvalidGrant("The code does not hold.", detail="session ended")
        return Redeemed(code=kept, account=live[1], gid=grant_id_of(code))

    async def tokens_for_code(
        self, redeemed: Redeemed, client: Client, *, resource: tuple[str, ...] = (), jkt: str = "", at: datetime
    ) -> TokenAnswer:
        """Return the token answer for a redeemed code, a refresh token in it only when granted.

        `jkt` is the DPoP key proven for this request, which the tokens are bound to; empty: bearer tokens.

        Raises:
            InvalidTarget: a `resource` that was not granted (RFC 8707 §2.2).
        """
        code = redeemed.code
        offline = OFFLINE_ACCESS in code.scope
        answer = await self._access_token(
            client, redeemed.account, code.scope, redeemed.gid, code.sid if not offline else "", code, resource, at,
            jkt,
        )  # fmt: skip
        if offline:
            answer["refresh_token"] = await self._open_grant(redeemed, client, at, jkt)
        return answer

    async def id_token_for_code(self, redeemed: Redeemed, client: Client, token: str, *, at: datetime) -> str:
        """Return the id_token that goes with a code's access token."""
        code = redeemed.code
        claims = id_token.build(
            issuer=self.issuer, client=client, account=redeemed.account,
            subject=self.subject_for(client, redeemed.account.sub), scope=code.scope, asked=code.id_token_claims,
            access_token=token, nonce=code.nonce, sid=code.sid, auth_time=code.auth_time, acr=code.acr, amr=code.amr,
            at=at,
        )  # fmt: skip
        ring = await self.keys.ring()
        return ring.sign(claims, alg=client.id_token_signed_response_alg, typ=id_token.TYP)

    async def present_refresh_token(self, token: str, client: Client, *, at: datetime) -> Presented:
        """Judge a refresh token; reuse revokes the grant (RFC 9700 §4.14.2).

        Raises:
            InvalidGrant: it does not hold, or its account is stopped.
        """
        found = await self.refresh_tokens.find(refresh_token.hash_token(token))
        use = refresh_token.judge(found, client, at=at)
        if use is Use.REUSE and found is not None:
            _log.warning("refresh_reused", sub=found.grant.sub, client_id=client.client_id)
            await self.revoke(found.grant.gid, at=at)
            await self.audit.write(
                AuditKind.GRANT_REVOKED, sub=found.grant.sub, by=SYSTEM, client_id=client.client_id,
                detail={"reason": "reuse"}, at=at,
            )  # fmt: skip
        if found is None or use in (Use.DEAD, Use.REUSE):
            raise InvalidGrant("The refresh token does not hold.")
        account = await self.accounts.get(found.grant.sub)
        if account is None or not account.honours(found.grant.auth_time):
            raise InvalidGrant("The refresh token does not hold.", detail="account")
        return Presented(token=found, plain=token, account=account, use=use)

    async def tokens_for_refresh(
        self,
        presented: Presented,
        client: Client,
        scope: tuple[str, ...],
        *,
        resource: tuple[str, ...] = (),
        jkt: str = "",
        at: datetime,
    ) -> TokenAnswer:
        """Return the token answer of a refresh, with the successor where the token rotates.

        Raises:
            InvalidTarget: a `resource` that was not granted; the refresh token stays as it was.
        """
        grant = presented.token.grant
        answer = await self._access_token(client, presented.account, scope, grant.gid, "", grant, resource, at, jkt)
        if presented.use is not Use.KEEP:
            successor = refresh_token.successor_of(presented.plain, self.successor_key)
            if presented.use is Use.ROTATE:
                # False means a twin request was first; it made the same successor, so the answer is the same.
                await self.refresh_tokens.replace(
                    presented.token.token_hash, refresh_token.hash_token(successor),
                    at=at, expires_at=presented.token.expires_at,
                )  # fmt: skip
            answer["refresh_token"] = successor
        return answer

    async def id_token_for_refresh(self, presented: Presented, client: Client, token: str, *, at: datetime) -> str:
        """Return a refreshed id_token: same auth_time, no nonce (OpenID Connect Core §12.2)."""
        grant = presented.token.grant
        claims = id_token.build(
            issuer=self.issuer, client=client, account=presented.account,
            subject=self.subject_for(client, presented.account.sub), scope=grant.scope,
            asked=grant.id_token_claims, access_token=token, nonce=None, sid=grant.sid, auth_time=grant.auth_time,
            acr=grant.acr, amr=grant.amr, at=at,
        )  # fmt: skip
        ring = await self.keys.ring()
        return ring.sign(claims, alg=client.id_token_signed_response_alg, typ=id_token.TYP)

    async def tokens_for_client(
        self, client: Client, scope: tuple[str, ...], *, resource: tuple[str, ...] = (), jkt: str = "", at: datetime
    ) -> TokenAnswer:
        """Return the token answer of client_credentials; no refresh token (RFC 6749 §4.4.3)."""
        return await self._access_token(client, None, scope, self.token_urlsafe(16), "", None, resource, at, jkt)

    def check_resource(self, resource: tuple[str, ...], client: Client) -> None:
        """Check that the client may have tokens for these.

        Raises:
            InvalidTarget: RFC 8707 §2.
        """
        resource_indicators.check_allowed(resource, client, issuer=self.issuer, api=self.api)

    async def revoke(self, gid: str, *, at: datetime) -> None:
        """Revoke a grant: its refresh tokens for ever, its access tokens for as long as they could live."""
        await self.revoked.add(gid, ACCESS_TOKEN_LIFETIME)
        await self.refresh_tokens.revoke(gid, at=at)

    async def _access_token(
        self,
        client: Client,
        account: Account | None,
        scope: tuple[str, ...],
        gid: str,
        sid: str,
        sign_in: AuthorizationCode | Grant | None,
        resource: tuple[str, ...],
        at: datetime,
        jkt: str,
    ) -> TokenAnswer:
        self.check_resource(resource, client)
        claims = access_token.build(
            issuer=self.issuer, api=self.api, client=client, account=account,
            subject=self.subject_for(client, account.sub) if account else "", scope=scope, gid=gid,
            jti=self.token_urlsafe(16), sid=sid, auth_time=sign_in.auth_time if sign_in else None,
            acr=sign_in.acr if sign_in else "", userinfo_claims=sign_in.userinfo_claims if sign_in else (), jkt=jkt, at=at,
            resource=resource_indicators.target_of(resource, sign_in.resource if sign_in else ()),
        )  # fmt: skip
        ring = await self.keys.ring()
        token = ring.sign(claims, alg=client.id_token_signed_response_alg, typ=access_token.TYP)
        self.issued.remember(token, ring, claims)
        return {
            "access_token": token,
            "token_type": "DPoP" if jkt else "Bearer",  # RFC 9449 §5
            "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            "scope": " ".join(scope),
        }

    async def _open_grant(self, redeemed: Redeemed, client: Client, at: datetime, jkt: str) -> str:
        token = self.token_urlsafe(32)
        code = redeemed.code
        grant = Grant(
            gid=redeemed.gid, sub=code.sub, client_id=client.client_id, scope=code.scope, sid=code.sid,
            auth_time=code.auth_time, acr=code.acr, amr=code.amr, userinfo_claims=code.userinfo_claims,
            id_token_claims=code.id_token_claims, created_at=at, resource=code.resource,
            jkt=jkt if client.public else "",  # a confidential client is bound by its own credentials (RFC 9449 §5)
        )  # fmt: skip
        expires_at = at + refresh_token.LIFETIME
        await self.refresh_tokens.open(grant, refresh_token.hash_token(token), expires_at=expires_at)
        return token
