import { createTransport } from 'nodemailer'
import type { Clock, Scheduler } from '#platform/clock'
import type { Db } from '#platform/db'
import * as store from './notifications-store.ts'

export type Mail = {
  /** Stays the same when a mail is sent again, so that a receiving server can drop the second one (RFC 5322, section 3.6.4). */
  messageId: string
  to: string
  subject: string
  text: string
  html: string
}

/** `deferred` may be tried again, `rejected` may not. */
export type Sent = { kind: 'accepted' } | { kind: 'deferred' | 'rejected'; reason: string }

/** Hands mails to whoever delivers them. Never throws: what went wrong is a value. */
export type Mailer = {
  send(mail: Mail): Promise<Sent>
  close(): void
}

/** Sending several at once over kept connections: a mail server answers in tens of milliseconds. */
const connectionsMax = 4

/**
 * Sends by SMTP (RFC 5321).
 * @param options.url  `smtp://user:password@host:587` or `smtps://…`; query parameters are options of nodemailer
 * @param options.timeoutMs  a mail that takes longer is deferred; the server may still have taken it, hence the stable Message-ID
 */
export function smtpMailer(options: { url: string; from: string; timeoutMs: number; scheduler: Scheduler }): Mailer {
  const { url, from, timeoutMs, scheduler } = options
  const transport = createTransport(
    {
      url,
      pool: true,
      maxConnections: connectionsMax,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  )

  return {
    async send({ messageId, to, subject, text, html }) {
      const late = new AbortController()
      const cancel = scheduler.after(timeoutMs, () => late.abort(new Error(`no answer within ${timeoutMs} ms`)))
      try {
        // Auto-Submitted keeps vacation responders silent (RFC 3834).
        const mail = {
          messageId,
          to,
          subject,
          text,
          html,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: late.signal,
        }
        await transport.sendMail(mail)
        return { kind: 'accepted' }
      } catch (error) {
        return { kind: isFinal(error) ? 'rejected' : 'deferred', reason: reasonOf(error) }
      } finally {
        cancel()
      }
    },
    close: () => transport.close(),
  }
}

/** A 5xx about this recipient or this mail is final; one about signing in or greeting is the operator's to repair. */
function isFinal(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  return (responseCode ?? 0) >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return `${code ?? 'error'}: ${message ?? String(error)}`.slice(0, 300)
}

/** Keeps mails in the database for the development mailbox. */
export function mailboxMailer(db: Db, clock: Clock): Mailer {
  return {
    async send(mail) {
      await store.keepMail(db, mail, new Date(clock.now()))
      return { kind: 'accepted' }
    },
    close: () => undefined,
  }
}

/** For processes that compose this module without hosting it: mails stay queued until somebody can send them. */
export const noMailer: Mailer = {
  send: async () => ({ kind: 'deferred', reason: 'no mail server is configured (SMTP_URL)' }),
  close: () => undefined,
}
