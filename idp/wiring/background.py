"""What runs beside the provider's web app: telling relying parties, watching sessions, sweeping up."""

from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

from config.egress import EgressClient, EgressRules
from config.settings import Settings
from idp.background import Background, EgressPost
from idp.endpoints.state import IdpState
from idp.housekeeping import KEPT, Broom, Housekeeping
from idp.logout import BackChannelLogout
from idp.logout_sender import LogoutSender
from idp.session_watch import SessionWatch
from idp.storage.sweeping import SqlExpiredGrants, StateLease
from idp.wiring.stores import Stores


def background_of(
    ports: IdpState, stores: Stores, settings: Settings, logout: BackChannelLogout, egress: EgressClient | None
) -> Background:
    """Return the background of one process; it hears what the process's copies hear."""
    sender = LogoutSender(
        issuer=ports.issuer,
        queue=stores.logout_queue,
        clients=ports.clients,
        keys=ports.keys,
        post=_post(settings, egress),
        subject_for=ports.issuing.subject_for,
        clock=ports.clock,
        written=logout.written,
    )
    watch = SessionWatch(sessions=ports.sessions, accounts=ports.accounts, changes=stores.accounts, clock=ports.clock)
    background = Background(sender=sender, watch=watch, others=(_housekeeping(ports, stores).run,))
    stores.caches.also_heard = background.hear
    return background


def _housekeeping(ports: IdpState, stores: Stores) -> Housekeeping:
    expired, people = SqlExpiredGrants(stores.engine), ports.people
    return Housekeeping(
        brooms=(
            Broom(name="refresh_tokens", sweep=expired.forget_tokens),
            Broom(name="grants", sweep=expired.forget_grants, after=timedelta(days=1)),
            Broom(name="invitations", sweep=people.invitations.store.forget_old, after=KEPT),
            Broom(name="client_invitations", sweep=ports.registration.invitations.forget_old, after=KEPT),
            Broom(name="counter_recoveries", sweep=people.recoveries.store.forget_old, after=KEPT),
        ),
        audit=ports.audit_store,
        checkpoints=ports.audit_checkpoints,
        lease=StateLease(stores.state, "idp-housekeeping"),
        clock=ports.clock,
    )


def _post(settings: Settings, egress: EgressClient | None) -> EgressPost:
    parts = urlsplit(settings.base_url)
    # The portal is ours wherever it stands; everything else is an address somebody gave us.
    anywhere = EgressRules(allowed=tuple(map(ip_network, ("127.0.0.0/8", "::1/128", "0.0.0.0/0", "::/0"))))
    return EgressPost(
        egress=egress or EgressClient(EgressRules.of(settings)),
        own=egress or EgressClient(anywhere),
        own_origin=f"{parts.scheme}://{parts.netloc}",
    )
