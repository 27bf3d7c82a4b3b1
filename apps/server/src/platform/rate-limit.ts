import { Problem } from './problem.ts'

/** What may be done `max` times in a window, and what is left of it until the window ends. */
export type Quota = { name: string; max: number; windowMs: number; left: number; leftMs: number }

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers. Seconds are rounded up, as in `Retry-After`, which must not be
 * earlier.
 */
export const rateLimit = (quotas: readonly Quota[]): Record<string, string> => ({
  'ratelimit-policy': quotas.map(({ name, max, windowMs }) => `"${name}";q=${max};w=${windowMs / 1000}`).join(', '),
  ratelimit: quotas
    .map(({ name, left, leftMs }) => `"${name}";r=${Math.max(0, left)};t=${Math.max(1, Math.ceil(leftMs / 1000))}`)
    .join(', '),
})

/** The refusal of an account that has used up what it may do in a window, which it is told of now. */
export const usedUp = ({ max, windowMs, leftMs }: Pick<Quota, 'max' | 'windowMs' | 'leftMs'>): Problem =>
  new Problem(
    'http.too-many-requests',
    { retryAfterMs: leftMs },
    { headers: rateLimit([{ name: 'account', max, windowMs, left: 0, leftMs }]) },
  )
