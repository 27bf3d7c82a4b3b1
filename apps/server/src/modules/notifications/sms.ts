import { createHmac } from 'node:crypto'
import type { Clock, Scheduler } from '#platform/clock'
import type { Db } from '#platform/db'
import type { Random } from '#platform/ids'
import type { Sent } from './mailer.ts'
import * as store from './notifications-store.ts'

/** `to` is a number in E.164. */
export type TextMessage = { messageId: string; to: string; text: string }

/** Hands text messages to whoever delivers them. Never throws: what went wrong is a value. */
export type Texter = { send(message: TextMessage): Promise<Sent> }

export type SolapiConfig = {
  /** `https://api.solapi.com`, without a path. */
  baseUrl: string
  apiKey: string
  apiSecret: string
  /** A number that the provider knows to be ours; Korean law wants it registered. */
  from: string
}

const replyLengthMax = 10_000

/**
 * Sends by the REST API of Solapi, `POST /messages/v4/send`. It takes no idempotency key: a message whose answer was
 * lost is sent again, and only its `customFields.messageId` tells the provider's log that it is the same.
 * @param timeoutMs  a message that takes longer is deferred; the provider may still have taken it
 */
export function solapiTexter(
  { baseUrl, apiKey, apiSecret, from }: SolapiConfig,
  { clock, random, timeoutMs }: { clock: Scheduler; random: Random; timeoutMs: number },
): Texter {
  function authorization(): string {
    const date = new Date(clock.now()).toISOString()
    const salt = Buffer.from(random(16)).toString('hex')
    const signature = createHmac('sha256', apiSecret).update(`${date}${salt}`).digest('hex')
    return `HMAC-SHA256 apiKey=${apiKey}, date=${date}, salt=${salt}, signature=${signature}`
  }

  return {
    async send({ messageId, to, text }) {
      const deadline = new AbortController()
      const cancel = clock.after(timeoutMs, () => deadline.abort())
      try {
        const response = await fetch(`${baseUrl}/messages/v4/send`, {
          method: 'POST',
          // A redirect would carry the signature to somebody else.
          redirect: 'error',
          signal: deadline.signal,
          headers: { authorization: authorization(), 'content-type': 'application/json' },
          body: JSON.stringify({ message: { to: national(to), from, text, customFields: { messageId } } }),
        })
        return readReply(response.status, (await response.text()).slice(0, replyLengthMax))
      } catch (error) {
        const reason = deadline.signal.aborted ? `no answer within ${timeoutMs} ms` : (error as Error).message
        return { kind: 'deferred', reason }
      } finally {
        cancel()
      }
    },
  }
}

/**
 * 200 with a status 2xxx or 3000 (on its way) is taken; another status is what the provider thinks of this number. A 400
 * blames the message. A wrong key, an empty purse or a busy provider are for the operator or for later.
 */
function readReply(status: number, body: string): Sent {
  const { statusCode, statusMessage, errorCode, errorMessage } = parse(body)
  const reason = [status, errorCode ?? statusCode, errorMessage ?? statusMessage]
    .filter(Boolean)
    .join(' ')
    .slice(0, 300)
  if (status === 200)
    return /^(2\d{3}|3000)$/.test(statusCode ?? '2000') ? { kind: 'accepted' } : { kind: 'rejected', reason }
  const isAboutMessage = status === 400 && errorCode !== 'NotEnoughBalance'
  return { kind: isAboutMessage ? 'rejected' : 'deferred', reason }
}

type Reply = Partial<Record<'statusCode' | 'statusMessage' | 'errorCode' | 'errorMessage', string>>

function parse(body: string): Reply {
  try {
    return (JSON.parse(body) ?? {}) as Reply
  } catch {
    return {}
  }
}

/** As the provider wants Korean numbers: `01012345678`. */
const national = (number: string): string => number.replace(/^\+82/, '0')

/** Keeps text messages beside the mails of the development mailbox. */
export function mailboxTexter(db: Db, clock: Clock): Texter {
  return {
    async send({ messageId, to, text }) {
      const mail = { messageId, to, subject: 'SMS', text, html: '' }
      await store.keepMail(db, mail, new Date(clock.now()))
      return { kind: 'accepted' }
    },
  }
}

/** Where none is configured: what was queued before waits a little and is given up. */
export const noTexter: Texter = {
  send: async () => ({ kind: 'deferred', reason: 'no provider of text messages is configured (SMS_API_KEY)' }),
}
