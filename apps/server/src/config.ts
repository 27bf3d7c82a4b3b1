import pg from 'pg'
import { Type, OneOf } from '@fairgate/contracts/schema'
import { paymentProviders } from '@fairgate/contracts/http/payments'
import { isNetwork } from '#platform/address'
import { checked, ConfigError, readSettings, secretSetting, setting, type Values } from '#platform/config'
import { keyKinds, keyMistakes } from './payment-keys.ts'

/** The modules that a process may host, in the order of a purchase. */
export const serviceNames = [
  'identity',
  'catalog',
  'waiting-room',
  'ballots',
  'auctions',
  'waitlist',
  'inventory',
  'orders',
  'payments',
  'tickets',
  'ledger',
  'notifications',
  'webhooks',
] as const
export type ServiceName = (typeof serviceNames)[number]

/** Not only of the right form: its host can be looked up, its port exists, and what it escapes can be read. */
function isUrl(value: unknown): string | undefined {
  try {
    decodeURIComponent(new URL(String(value)).host)
    return undefined
  } catch {
    return 'is no URL'
  }
}

/** A socket may be named where a URL has its host, so it is for the driver to say. */
function isForPg(value: unknown): string | undefined {
  try {
    new pg.Client(String(value))
    return undefined
  } catch {
    return 'is no address of a database'
  }
}

function areNetworks(value: unknown): string | undefined {
  const wrong = (value as string[]).filter((proxy) => !isNetwork(proxy))
  return wrong.length > 0 ? `${wrong.join(', ')} is no address and no network such as 10.0.0.0/8` : undefined
}

/** The whole configuration. `docs/operating/configuration.md` is made from it. */
export const settings = {
  PORT: setting(Type.Integer({ minimum: 0, maximum: 65_535 }), 'Port of the HTTP server; 0 takes a free one', '8080'),
  HOST: setting(Type.String(), 'Address to listen on; `0.0.0.0` in a container', 'localhost'),
  OPERATIONS_PORT: setting(
    Type.Integer({ minimum: 0, maximum: 65_535 }),
    'Port of `/metrics` outside the demo; without it metrics are not served',
  ),
  PUBLIC_URL: checked(
    setting(
      Type.String({ pattern: '^https?://[^/]+$' }),
      'Address that browsers use, without a path; `http://localhost:PORT` in the demo',
    ),
    isUrl,
  ),
  DATA_DIR: setting(
    Type.String(),
    'Folder of the embedded Postgres, the demo secret and the sandbox books; `data` in the project',
  ),
  DATABASE_URL: checked(
    secretSetting(
      Type.String({ pattern: '^postgres(ql)?://' }),
      'Use this Postgres (15 or newer) instead of the embedded one. Turns the demo off',
    ),
    isForPg,
  ),
  DATABASE_CONNECTIONS_MAX: setting(
    Type.Integer({ minimum: 2, maximum: 200 }),
    'Connections of one process: 8 to 16 carry all that two cores can do, more only add latency',
    '12',
  ),
  DEMO: setting(
    Type.Boolean(),
    'Demo events and accounts, the mailbox page, the payment sandbox. On with the embedded Postgres, off otherwise; never on in production',
  ),
  SERVICES: setting(
    Type.Array(OneOf(serviceNames), { minItems: 1 }),
    'Modules that this process hosts, by comma',
    serviceNames.join(','),
  ),
  WORKERS: setting(
    Type.Integer({ minimum: 1, maximum: 64 }),
    'Processes of this machine that share the port and the work; as many as cores, less those that Postgres needs. Limits and sizes of one process hold for each',
    '1',
  ),
  SIGNING_SECRETS: secretSetting(
    Type.Array(Type.String({ minLength: 32 }), { minItems: 1 }),
    'Master secrets of all tokens, newest first, by comma, 32 characters or more each; all processes need the same. The embedded default makes one',
  ),
  TRUSTED_PROXIES: checked(
    setting(
      Type.Array(Type.String()),
      'Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed, by comma',
      '',
    ),
    areNetworks,
  ),
  CONNECTIONS_MAX: setting(
    Type.Integer({ minimum: 100, maximum: 1_000_000 }),
    'Connections of one process, or what `ulimit -n` leaves it where that is less. From nine tenths of it on, newcomers are not given an event stream and poll instead',
    '18000',
  ),
  STREAMS_LAG_MS_MAX: setting(
    Type.Integer({ minimum: 10, maximum: 10_000 }),
    'How late the event loop may be (p99); above it newcomers are not given an event stream and poll instead',
    '200',
  ),
  REQUESTS_IN_FLIGHT_MAX: setting(
    Type.Integer({ minimum: 10, maximum: 100_000 }),
    'Requests being answered at once in a process; one more is told to come back (503)',
    '8000',
  ),
  REQUEST_DEADLINE_MS: setting(
    Type.Integer({ minimum: 100, maximum: 120_000 }),
    'Longest time to answer a request, long polls excepted',
    '20000',
  ),
  LOG_LEVEL: setting(
    OneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    'Least serious log line written',
    'info',
  ),
  CHALLENGES: setting(OneOf(['on', 'off']), 'Proof of work (ALTCHA) before joining a line', 'on'),
  WAITING_ROOM_REQUESTS_PER_ACCOUNT_MAX: setting(
    Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    'Challenges, and joins, of one account in ten minutes',
    '60',
  ),
  WAITING_ROOM_REQUESTS_PER_ADDRESS_MAX: setting(
    Type.Integer({ minimum: 1, maximum: 10_000_000 }),
    'Challenges, and joins, from one address block (IPv4 /24, IPv6 /56) in ten minutes; a campus or a mobile carrier may share one',
    '20000',
  ),
  WAITING_ROOM_GATHER_MINUTES: setting(
    Type.Integer({ minimum: 0, maximum: 1440 }),
    'How long before the opening people may join a line',
    '60',
  ),
  WAITING_ROOM_CLAIM_SECONDS: setting(
    Type.Integer({ minimum: 5, maximum: 3600 }),
    'How long a called person may take to go in before the place lapses',
    '60',
  ),
  WAITING_ROOM_TRICKLE_PER_MINUTE: setting(
    Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    'People of all lines let in each minute however slow the service is (nobody while it is unwell); what a fifth of the machine can serve',
    '1200',
  ),
  HEALTH_LAG_MS: setting(
    Type.Integer({ minimum: 10, maximum: 10_000 }),
    'Event-loop lag (p99 of a second) from which a process counts as strained, and fewer people are let in',
    '75',
  ),
  HEALTH_READ_MS: setting(
    Type.Integer({ minimum: 10, maximum: 60_000 }),
    'The same for the p95 of reading requests',
    '100',
  ),
  HEALTH_WRITE_MS: setting(
    Type.Integer({ minimum: 10, maximum: 60_000 }),
    'The same for the p95 of requests that join, hold, order or pay',
    '300',
  ),
  HEALTH_ERROR_PERCENT: setting(
    Type.Integer({ minimum: 1, maximum: 100 }),
    'Share of failed requests from which a process counts as unwell, and nobody is let in',
    '10',
  ),
  HEALTH_UNKNOWN: setting(
    OneOf(['well', 'strained', 'unwell']),
    'What a process counts as that has not been heard of for four seconds',
    'strained',
  ),
  WAITING_ROOM_STREAMS_MAX: setting(
    Type.Integer({ minimum: 0, maximum: 18_000 }),
    'Event streams of one process (a process has some 20,000 sockets); others poll',
    '8000',
  ),
  DRAW_BEACON_URL: checked(
    setting(
      Type.String({ pattern: '^https?://[^?#]*[^/?#]$' }),
      'Relay of the drand HTTP API, such as `https://api.drand.sh`: draws of sales published from now on also use a round of its chain quicknet that comes after the opening',
    ),
    isUrl,
  ),
  DRAW_BEACON_WAIT_SECONDS: setting(
    Type.Integer({ minimum: 1, maximum: 600 }),
    'How long the door stays shut for a promised round; then the draw goes on without it, and its document says so',
    '15',
  ),
  SMTP_URL: checked(
    secretSetting(
      Type.String({ pattern: '^smtps?://' }),
      'Mail server. Needed outside the demo, which has a mailbox page',
    ),
    isUrl,
  ),
  MAIL_FROM: setting(
    Type.String({ minLength: 3, pattern: '^[^\\p{Cc}]*$' }),
    'Sender of mails',
    'Fairgate <no-reply@fairgate.test>',
  ),
  SMS_API_KEY: setting(
    Type.String({ minLength: 8 }),
    'API key at Solapi, which sends text messages to those who wish them. Without it the demo shows them on its mailbox page, and others offer none',
  ),
  SMS_API_SECRET: secretSetting(Type.String({ minLength: 8 }), 'Secret of that key'),
  SMS_FROM: setting(
    Type.String({ pattern: '^[0-9]{8,11}$' }),
    'Sender of text messages: a number registered at Solapi, digits only',
  ),
  SMS_BASE_URL: checked(
    setting(
      Type.String({ pattern: '^https?://[^/]+$' }),
      'Address of the provider of text messages',
      'https://api.solapi.com',
    ),
    isUrl,
  ),
  PAYMENT_PROVIDERS: setting(
    Type.Array(OneOf(paymentProviders), { minItems: 1 }),
    'By whom buyers may pay, by comma; the first is offered first. The demo shows `toss,stripe`',
  ),
  STRIPE_URL: checked(
    setting(
      Type.String({ pattern: '^https?://[^/]+$' }),
      'Address of Stripe, without a path',
      'https://api.stripe.com',
    ),
    isUrl,
  ),
  STRIPE_SECRET_KEY: secretSetting(
    Type.String({ pattern: '^(sk|rk)_' }),
    'Secret key at Stripe. Without it the demo uses the sandbox',
  ),
  STRIPE_PUBLISHABLE_KEY: setting(Type.String({ pattern: '^pk_' }), 'Key of Stripe that browsers use'),
  STRIPE_WEBHOOK_SECRET: secretSetting(
    Type.Array(Type.String({ pattern: '^whsec_' }), { minItems: 1 }),
    'What Stripe signs its notices with; while a secret is being replaced both, by comma',
  ),
  TOSS_BASE_URL: checked(
    setting(Type.String({ pattern: '^https?://' }), 'Address of Toss Payments', 'https://api.tosspayments.com'),
    isUrl,
  ),
  TOSS_SECRET_KEY: secretSetting(
    Type.String({ minLength: 8 }),
    'Secret key at Toss Payments. Without it the demo uses the sandbox',
  ),
  TOSS_CLIENT_KEY: setting(Type.String({ minLength: 8 }), 'Public key of the payment window'),
  PAYMENT_KEYS: setting(
    OneOf(keyKinds),
    'Which keys of payment providers are taken: `live` outside the demo, `test` in it. A server for trying things out outside the demo sets `test`',
  ),
  PAYMENT_DEPOSIT_HOURS: setting(
    Type.Integer({ minimum: 0, maximum: 720 }),
    'Longest time that a buyer may take to pay into a virtual account, while the seats stay theirs; 0 does not offer it. 24 in the demo, otherwise 0',
  ),
  PAYMENT_TIMEOUT_MS: setting(
    Type.Integer({ minimum: 100, maximum: 120_000 }),
    'Longest time of one call to the payment provider',
    '10000',
  ),
} as const

/** What a provider cannot do without outside the demo. */
const keysOf = {
  toss: ['TOSS_SECRET_KEY'],
  stripe: ['STRIPE_SECRET_KEY', 'STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'],
} as const

const ownPrefixes = [
  'DATABASE_',
  'WAITING_ROOM_',
  'HEALTH_',
  'DRAW_',
  'TOSS_',
  'STRIPE_',
  'PAYMENT_',
  'SMTP_',
  'SMS_',
  'SIGNING_',
  'OPERATIONS_',
  'FAIRGATE_',
]

export type Config = Values<typeof settings> & {
  /** Demo conveniences are on. */
  DEMO: boolean
  PAYMENT_PROVIDERS: (typeof paymentProviders)[number][]
  services: readonly ServiceName[]
}

/** Parses the environment once. @throws ConfigError that lists all mistakes */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const unsupported = ['REDIS_URL', 'KAFKA_BROKERS']
    .filter((name) => env[name])
    .map((name) => `${name}: is not supported yet; processes share their state through Postgres`)
  const values = readSettings(settings, env, ownPrefixes, unsupported)
  const demo = values.DEMO ?? values.DATABASE_URL === undefined
  const providers = values.PAYMENT_PROVIDERS ?? (demo ? [...paymentProviders] : ['toss' as const])
  const mistakes: string[] = []
  if (values.DATABASE_URL !== undefined && values.SIGNING_SECRETS === undefined) {
    mistakes.push('SIGNING_SECRETS: is needed with DATABASE_URL, the same in all processes')
  }
  if (!demo) {
    if (values.PUBLIC_URL === undefined) mistakes.push('PUBLIC_URL: is needed outside the demo')
    if (values.SMTP_URL === undefined && values.SERVICES.includes('notifications'))
      mistakes.push('SMTP_URL: is needed outside the demo')
    if (values.SERVICES.includes('payments')) {
      const needed = providers.flatMap((name) => keysOf[name])
      for (const name of needed) if (values[name] === undefined) mistakes.push(`${name}: is needed outside the demo`)
    }
  }
  const sms = [values.SMS_API_KEY, values.SMS_API_SECRET, values.SMS_FROM]
  if (sms.some((value) => value !== undefined) && sms.includes(undefined))
    mistakes.push('SMS_API_KEY: text messages need SMS_API_KEY, SMS_API_SECRET and SMS_FROM')
  const isOurs = providers.includes('stripe') && values.STRIPE_SECRET_KEY !== undefined
  for (const name of ['STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'] as const)
    if (demo && isOurs && values[name] === undefined) mistakes.push(`${name}: is needed with STRIPE_SECRET_KEY`)
  mistakes.push(...keyMistakes(values, values.PAYMENT_KEYS ?? (demo ? 'test' : 'live')))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze({ ...values, DEMO: demo, PAYMENT_PROVIDERS: providers, services: values.SERVICES })
}
