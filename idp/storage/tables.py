"""Tables of the provider. Secrets are hashed (clients, refresh tokens), hardened (passwords) or sealed (keys)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from config.storage.append_only import append_only
from config.storage.sql import Document, Moment, new_metadata

metadata = new_metadata()

accounts = Table(
    "idp_accounts",
    metadata,
    Column("sub", String(64), primary_key=True),
    Column("username", String(64), nullable=False, unique=True),  # as shown
    Column("username_folded", String(64), nullable=False, unique=True),  # as compared
    Column("password_hash", String(255), nullable=False, default=""),
    Column("name", String(100), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("unit_name", String(200), nullable=False),
    Column("region", String(12), nullable=False),
    Column("roles", Document, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("valid_from", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("real_name_level", Integer, nullable=False, server_default="0"),  # 实名等级, 0 to 3
    Column("contact", Document, nullable=False, server_default="{}"),  # e-mail, telephone, address: `Contact`
    Index("ix_idp_accounts_valid_from", "valid_from"),
)

clients = Table(
    "idp_clients",
    metadata,
    Column("client_id", String(128), primary_key=True),
    Column("client_secret_hash", String(64), nullable=False),
    Column("metadata", Document, nullable=False),  # RFC 7591 metadata and our policy, as `Client` has them
    Column("updated_at", Moment, nullable=False),
)

client_invitations = Table(
    "idp_client_invitations",
    metadata,
    Column("invitation_id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("scope", Document, nullable=False),
    Column("grant_types", Document, nullable=False),
    Column("redirect_hosts", Document, nullable=False),
    Column("profile", String(16), nullable=False),
    Column("allowed_roles", Document, nullable=False),
    Column("uses", Integer, nullable=False),  # left
    Column("expires_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
)

keys = Table(
    "idp_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("alg", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # next, current, previous-<kid>
    Column("sealed", LargeBinary, nullable=False),  # private JWK, AES-256-GCM under the secret key
    Column("created_at", Moment, nullable=False),
    Column("since", Moment),  # when it came to its state
    UniqueConstraint("alg", "state"),
)

grants = Table(
    "idp_grants",
    metadata,
    Column("gid", String(32), primary_key=True),
    Column("sub", String(64), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("scope", Document, nullable=False),
    Column("sid", String(32), nullable=False),
    Column("auth_time", Moment, nullable=False),
    Column("acr", String(100), nullable=False),
    Column("amr", Document, nullable=False),
    Column("userinfo_claims", Document, nullable=False),
    Column("id_token_claims", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("resource", Document, nullable=False, server_default="[]"),  # RFC 8707: what tokens of it may be for
    Column("jkt", String(43), nullable=False, server_default=""),
    Index("ix_idp_grants_sub", "sub"),
    Index("ix_idp_grants_sid", "sid"),
)

refresh_tokens = Table(
    "idp_refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("gid", String(32), ForeignKey("idp_grants.gid", ondelete="CASCADE"), nullable=False, index=True),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("replaced_at", Moment),
    Column("successor_hash", String(64)),
)

consents = Table(
    "idp_consents",
    metadata,
    Column("sub", String(64), primary_key=True),
    Column("client_id", String(128), primary_key=True),
    Column("scope", Document, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

logout_deliveries = Table(
    "idp_logout_deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("occasion", String(32), nullable=False),  # what ended the session; tells each client once
    Column("sid", String(32), nullable=False),
    Column("sub", String(64), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # queued, ended, refused, given_up
    Column("tries", Integer, nullable=False),
    Column("answer", String(32), nullable=False),
    Column("next_try_at", Moment),  # a leased one's is when the lease runs out
    Column("lease_owner", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    UniqueConstraint("occasion", "client_id"),
    Index("ix_idp_logout_deliveries_due", "state", "next_try_at"),
    Index("ix_idp_logout_deliveries_settled", "settled_at"),
)

audit = Table(
    "idp_audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # from 1, without gaps
    Column("at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("sub", String(128), nullable=False),
    Column("by", String(128), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("sid", String(128), nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON: its bytes are chained, so no type may change them
    Column("mac", String(64), nullable=False),
    Index("ix_idp_audit_sub", "sub", "seq"),
    Index("ix_idp_audit_by", "by", "seq"),
    Index("ix_idp_audit_at", "at", "seq"),
)
append_only(audit)

audit_head = Table(
    "idp_audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1; writers take turns at this row
    Column("seq", BigInteger, nullable=False),
    Column("mac", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
)

totp = Table(
    "idp_totp",
    metadata,
    Column("sub", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # the key, AES-256-GCM under the secret key
    Column("last_step", BigInteger, nullable=False),  # RFC 6238 §5.2: no step up to this one is taken again
    Column("created_at", Moment, nullable=False),
)

passkeys = Table(
    "idp_passkeys",
    metadata,
    Column("id_hash", String(64), primary_key=True),  # of the credential id, which may have 1023 bytes
    Column("credential_id", LargeBinary, nullable=False),
    Column("sub", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Document, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("ix_idp_passkeys_sub", "sub"),
)

recovery_codes = Table(
    "idp_recovery_codes",
    metadata,
    Column("sub", String(64), primary_key=True),
    Column("code_hash", String(64), primary_key=True),  # HMAC under a key of ours
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
)

invitations = Table(
    "idp_invitations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sub", String(64), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("batch", String(32), nullable=False),  # the import it came with, or ""
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("used_at", Moment),
    Index("ix_idp_invitations_batch", "batch", "made_by"),
)

counter_recoveries = Table(
    "idp_counter_recoveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sub", String(64), nullable=False, index=True),
    Column("started_by", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("first_hash", String(64), nullable=False),  # HMAC under a key of ours, as the second
    Column("approved_by", String(64), nullable=False),
    Column("approved_at", Moment),
    Column("second_hash", String(64), nullable=False),
    Column("used_at", Moment),
    Column("cancelled_at", Moment),
)
