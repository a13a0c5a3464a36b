"""Requests of devices in the state store, by the hash of the device code and by that of the user code."""

from datetime import timedelta

from config.lazy_adapter import LazyAdapter
from config.state import StateStore
from idp.protocol.device_grant import DeviceRequest

_REQUEST = LazyAdapter(DeviceRequest)


class StateDeviceRequestStore:
    """`idp.protocol.grant_ports.DeviceRequestStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def keep(self, device_hash: str, user_hash: str, request: DeviceRequest, ttl: timedelta) -> bool:
        if not await self._state.add(f"device-user:{user_hash}", device_hash.encode(), ttl):
            return False
        await self._state.put(f"device:{device_hash}", _REQUEST.dump_json(request), ttl)
        return True

    async def get(self, device_hash: str) -> DeviceRequest | None:
        kept = await self._state.get(f"device:{device_hash}")
        return None if kept is None else _REQUEST.validate_json(kept)

    async def device_of(self, user_hash: str) -> str | None:
        found = await self._state.get(f"device-user:{user_hash}")
        return None if found is None else found.decode()

    async def change(self, device_hash: str, old: DeviceRequest, new: DeviceRequest, ttl: timedelta) -> bool:
        return await self._state.swap(f"device:{device_hash}", _REQUEST.dump_json(old), _REQUEST.dump_json(new), ttl)

    async def take(self, device_hash: str) -> DeviceRequest | None:
        kept = await self._state.take(f"device:{device_hash}")
        return None if kept is None else _REQUEST.validate_json(kept)

    async def close(self, user_hash: str) -> None:
        await self._state.forget(f"device-user:{user_hash}")
