/** Whether money moves by a key. */
export const keyKinds = ['live', 'test'] as const
export type KeyKind = (typeof keyKinds)[number]

type Keys = {
  TOSS_SECRET_KEY?: string | undefined
  TOSS_CLIENT_KEY?: string | undefined
  STRIPE_SECRET_KEY?: string | undefined
  STRIPE_PUBLISHABLE_KEY?: string | undefined
}

/** How the keys of each provider are written: the group is the kind. */
const patterns: Record<keyof Keys, { pattern: RegExp; like: string }> = {
  TOSS_SECRET_KEY: { pattern: /^(live|test)_sk_/, like: 'live_sk_… or test_sk_…' },
  TOSS_CLIENT_KEY: { pattern: /^(live|test)_ck_/, like: 'live_ck_… or test_ck_…' },
  STRIPE_SECRET_KEY: { pattern: /^[sr]k_(live|test)_/, like: 'sk_live_… or sk_test_…' },
  STRIPE_PUBLISHABLE_KEY: { pattern: /^pk_(live|test)_/, like: 'pk_live_… or pk_test_…' },
}

/**
 * What is wrong with the keys of payment providers: a real sale must not run on play money, nor a rehearsal on real
 * money, and a public key is no secret one. Keys of the payment widget (`…_gck_…`, `…_gsk_…`) open no payment window.
 */
export function keyMistakes(keys: Keys, wanted: KeyKind): string[] {
  return (Object.keys(patterns) as (keyof Keys)[]).flatMap((name) => {
    const key = keys[name]
    if (key === undefined) return []
    const { pattern, like } = patterns[name]
    const kind = pattern.exec(key)?.[1]
    if (kind === undefined) return [`${name}: must be a key such as ${like}`]
    return kind === wanted ? [] : [`${name}: is a ${kind} key, and this server takes ${wanted} keys (PAYMENT_KEYS)`]
  })
}
