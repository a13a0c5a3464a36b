"""Who is signed in, as the identity provider's claims told us."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from matters.policy import Actor, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A signed-in person; `region` is a 9-digit township or a shorter prefix (county 6, city 4, province 2)."""

    sub: str
    name: str
    username: str
    unit: str
    unit_name: str
    region: str
    roles: tuple[str, ...]
    locale: str

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read the claims of a verified id_token; what is absent is empty, and an empty region sees nothing."""
        return cls(
            sub=str(claims["sub"]),
            name=str(claims.get("name") or claims.get("preferred_username") or claims["sub"]),
            username=str(claims.get("preferred_username") or ""),
            unit=str(claims.get("unit") or ""),
            unit_name=str(claims.get("unit_name") or ""),
            region=str(claims.get("region") or ""),
            roles=tuple(str(role) for role in claims.get("roles") or ()),
            locale=str(claims.get("locale") or ""),
        )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `document()` wrote."""
        return cls(**{**document, "roles": tuple(document["roles"])})

    def document(self) -> dict[str, Any]:
        """Return plain values for the state store."""
        return asdict(self)

    @property
    def actor(self) -> Actor:
        """The person as the policy asks about them; roles it does not know grant nothing."""
        known = {role.value for role in Role}
        return Actor(
            sub=self.sub,
            name=self.name,
            roles=frozenset(Role(role) for role in self.roles if role in known),
            unit=self.unit,
            region=self.region,
        )

    def has_any(self, *roles: str) -> bool:
        """Tell whether the person has one of `roles`; for what a menu shows, never for what is allowed."""
        return any(role in self.roles for role in roles)
