import type { Books, Change } from './books.ts'
import {
  authorisationMs,
  canceled,
  captured,
  showCharge,
  showIntent,
  showRefund,
  type Intent,
  type Refund,
} from './intent.ts'
import type { Event, createWebhooks } from './webhooks.ts'

type Options = {
  books: Books
  webhooks: ReturnType<typeof createWebhooks>
  now: () => number
  newEvent: (type: string, object: object) => Event
}

/** What happened to a payment, by the name of its event. */
export type Happening = { readonly type: string; readonly intent: Intent; readonly refund?: Refund }

/** The books with what follows from a change in them: events, late captures, the end of an authorisation. */
export function createLedger({ books, webhooks, now, newEvent }: Options) {
  const objectOf = ({ type, intent, refund }: Happening): object => {
    if (type.startsWith('refund.') && refund) return showRefund(refund, intent)
    if (type.startsWith('charge.') && intent.charge) return showCharge(intent, intent.charge)
    return showIntent(intent)
  }

  function tell(intent: Intent, happenings: readonly Happening[]): Promise<void> | undefined {
    if (happenings.length === 0) return undefined
    const events = happenings.map((happening) => newEvent(happening.type, objectOf(happening)))
    return webhooks.tell(intent.id, intent.scenario.webhook, events)
  }

  function watch(intent: Intent): void {
    if (intent.captureDueAt !== null)
      webhooks.later(Math.max(0, intent.captureDueAt - now()), () => captureLate(intent.id))
  }

  /** The capture that was promised behind an error. It finds nothing to do if a retry came before it. */
  function captureLate(id: string): void {
    const intent = books.intent(id)
    if (!intent || intent.captureDueAt === null) return
    const done = captured(intent, intent.amount, now())
    books.commit({ at: now(), intents: [done] })
    void tell(done, captureHappenings(done))
  }

  for (const intent of books.intents()) watch(intent)

  return {
    /** The payment as it is now: an authorisation that nobody captured in time has ended. */
    current(id: string): Intent | undefined {
      const intent = books.intent(id)
      const isOver =
        intent?.status === 'requires_capture' &&
        intent.charge &&
        intent.captureDueAt === null &&
        now() >= intent.charge.createdAt + authorisationMs
      if (!intent || !isOver) return intent
      const ended = canceled(intent, 'automatic', now())
      books.commit({ at: now(), intents: [ended] })
      void tell(ended, [{ type: 'payment_intent.canceled', intent: ended }])
      return ended
    },
    commit(change: Change): void {
      books.commit(change)
      for (const intent of change.intents ?? []) watch(intent)
    },
    tell,
  }
}

export type Ledger = ReturnType<typeof createLedger>

export const captureHappenings = (intent: Intent): Happening[] => [
  { type: 'charge.captured', intent },
  { type: 'payment_intent.succeeded', intent },
]
