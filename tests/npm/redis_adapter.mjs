// oidc-provider's records in Redis: what may be used once in a hash, everything else as one string.
import Redis from 'ioredis';

const USED_ONCE = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);
const OF_A_GRANT = new Set([...USED_ONCE, 'AccessToken']);

export function adapterOver(socket) {
  const redis = new Redis(socket);

  return class RedisAdapter {
    constructor(model) {
      this.model = model;
    }

    #key(id) {
      return `peer:${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.#key(id);
      const step = redis.multi();
      if (USED_ONCE.has(this.model)) step.hset(key, { payload: JSON.stringify(payload) });
      else step.set(key, JSON.stringify(payload));
      if (expiresIn) step.expire(key, expiresIn);
      if (OF_A_GRANT.has(this.model) && payload.grantId) {
        step.sadd(`peer:grant:${payload.grantId}`, key);
        if (expiresIn) step.expire(`peer:grant:${payload.grantId}`, Math.max(expiresIn, 86400));
      }
      if (payload.uid) step.set(`peer:uid:${payload.uid}`, id, 'EX', expiresIn || 86400);
      if (payload.userCode) step.set(`peer:code:${payload.userCode}`, id, 'EX', expiresIn || 86400);
      await step.exec();
    }

    async find(id) {
      if (!USED_ONCE.has(this.model)) {
        const kept = await redis.get(this.#key(id));
        return kept ? JSON.parse(kept) : undefined;
      }
      const { payload, consumed } = await redis.hgetall(this.#key(id));
      if (!payload) return undefined;
      return { ...JSON.parse(payload), ...(consumed ? { consumed: Number(consumed) } : {}) };
    }

    async findByUid(uid) {
      const id = await redis.get(`peer:uid:${uid}`);
      return id ? this.find(id) : undefined;
    }

    async findByUserCode(userCode) {
      const id = await redis.get(`peer:code:${userCode}`);
      return id ? this.find(id) : undefined;
    }

    async consume(id) {
      await redis.hset(this.#key(id), 'consumed', Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.unlink(this.#key(id));
    }

    async revokeByGrantId(grantId) {
      const key = `peer:grant:${grantId}`;
      const members = await redis.smembers(key);
      await redis.unlink(key, ...members);
    }
  };
}
