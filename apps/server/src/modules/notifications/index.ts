import { exclusive } from '#platform/db'
import type { AuditPart, Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { notificationSubscriptions } from './events.ts'
import { mailboxMailer, noMailer, smtpMailer } from './mailer.ts'
import * as store from './notifications-store.ts'
import { serveMailbox, serveTextMessages } from './routes.ts'
import { createSender, sendTimeoutMs } from './sender.ts'
import { mailboxTexter, noTexter, solapiTexter, type SolapiConfig } from './sms.ts'

export const statics: ModuleStatics = {
  name: 'notifications',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes: [
    'identity.account-registered.v1',
    'identity.code-requested.v1',
    'identity.password-reset-requested.v1',
    'identity.password-changed.v1',
    'tickets.tickets-issued.v1',
    'orders.order-ended.v1',
    'orders.seats-returned.v1',
    'ballots.awarded.v1',
    'ballots.not-awarded.v1',
    'ballots.award-ending.v1',
    'auctions.pushed-out.v1',
    'auctions.awarded.v1',
    'auctions.not-awarded.v1',
    'auctions.award-ending.v1',
    'ballots.ballot-cancelled.v1',
    'auctions.lot-cancelled.v1',
    'waitlist.waitlist-cancelled.v1',
    'waitlist.offer-made.v1',
    'waitlist.offer-ending.v1',
    'waitlist.offer-lapsed.v1',
    'payments.payment-awaited.v1',
    'payments.refund-account-needed.v1',
    'webhooks.endpoint-disabled.v1',
  ] as const,
}

export type NotificationsConfig = {
  /** `smtp://user:password@host:587` or `smtps://…`. Without one mails go to the development mailbox, or wait where that is off. */
  smtpUrl: string | null
  /** `Fairgate <no-reply@example.com>` */
  from: string
  /** Without it text messages go to the development mailbox; where that is off too none are offered. */
  sms: SolapiConfig | null
  /** Serves `GET /dev/mailbox`. Never in production: everybody can read everybody's mail there. */
  developmentMailbox: boolean
  /** Where links in mails lead, `https://tickets.example.com`. */
  publicUrl: string
}

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'random' | 'signals' | 'metrics' | 'log' | 'racepoints'>

const minute = 60_000
const day = 24 * 60 * minute
/** A message whose account is not known after this time will hardly meet it any more. */
const unknownAccountMs = 10 * minute
/** Long after the last repetition of a fact could arrive. */
const keptMs = 30 * day
const sweptMax = 1000

/** Mails and text messages. */
export function createNotifications(deps: Deps, config: NotificationsConfig) {
  const { db, clock, metrics } = deps
  const messageDomain = /@([^>\s]+)/.exec(config.from)?.[1]
  if (!messageDomain)
    throw new Error(
      `the sender of mails must be an address like "Fairgate <no-reply@example.com>", but it is ${JSON.stringify(config.from)}`,
    )
  const mailer = config.smtpUrl
    ? smtpMailer({ url: config.smtpUrl, from: config.from, timeoutMs: sendTimeoutMs, scheduler: clock })
    : config.developmentMailbox
      ? mailboxMailer(db, clock)
      : noMailer
  const texter = config.sms
    ? solapiTexter(config.sms, { clock, random: deps.random, timeoutMs: sendTimeoutMs })
    : config.developmentMailbox
      ? mailboxTexter(db, clock)
      : noTexter
  const areTextsOffered = texter !== noTexter
  const sender = createSender(
    { ...deps, mailer, texter },
    { publicUrl: config.publicUrl.replace(/\/+$/, ''), messageDomain },
  )
  const waiting = metrics.gauge('fairgate_mails_waiting', 'Mails and text messages that wait to be sent or sent again')
  const givenUp = metrics.gauge(
    'fairgate_mails_given_up',
    'Mails and text messages that could not be sent; an operator may have them tried again',
  )
  const withoutAddress = metrics.gauge(
    'fairgate_mails_without_address',
    'Mails and text messages to an account that was not registered within ten minutes',
  )

  const count = () => store.countMessages(db, new Date(clock.now() - unknownAccountMs))

  async function watch(): Promise<boolean> {
    const counts = await count()
    waiting.set({}, counts.waiting)
    givenUp.set({}, counts.givenUp)
    withoutAddress.set({}, counts.withoutAddress)
    return false
  }

  async function sweep(): Promise<boolean> {
    const before = new Date(clock.now() - keptMs)
    return (await exclusive(db, 'notifications.sweep', (tx) => store.sweep(tx, before, sweptMax))) ?? false
  }

  async function audit(): Promise<AuditPart> {
    const counts = await count()
    return {
      checks: [{ name: 'every mail has an account to go to', violations: counts.withoutAddress }],
      figures: { mailsWaiting: counts.waiting, mailsGivenUp: counts.givenUp },
    }
  }

  const module: Module = {
    name: statics.name,
    subscriptions: notificationSubscriptions({ ...deps, areTextsOffered }),
    loops: [
      sender,
      { name: 'notifications.watch', intervalMs: 15_000, run: watch },
      { name: 'notifications.sweep', intervalMs: 10 * minute, run: sweep },
    ],
    audit,
    routes(http) {
      serveTextMessages(http, db, clock, areTextsOffered)
      if (config.developmentMailbox) serveMailbox(http, db)
    },
  }

  return {
    module,
    /** Queues given-up mails again, with all their attempts. @returns how many */
    retryGivenUp: () => store.retryGivenUp(db, new Date(clock.now())),
    /** Closes the connections to the mail server. */
    close: () => mailer.close(),
  }
}
