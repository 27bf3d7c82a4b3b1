import type { Caller } from '#platform/access-token'

/** Whose lines and sales a caller may see and change; null is anybody's. */
export const organiserOf = ({ accountId, roles }: Caller): string | null => (roles.includes('admin') ? null : accountId)
