import { notificationRoutes as contracts } from '@fairgate/contracts/http/notifications'
import { koreanMobile } from '@fairgate/contracts/phone'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import type { HttpApp } from '#platform/http'
import { mailboxPage, mailboxPolicy } from './mailbox-page.ts'
import { Problem } from '#platform/problem'
import * as store from './notifications-store.ts'

const mailsMax = 50

/** One's own number. That it is one's own is not proved: it opens nothing and is shown to nobody else. */
export function serveTextMessages(http: HttpApp, db: Db, clock: Clock, isOffered: boolean): void {
  http.serve(contracts.getTextMessages, async ({ caller }) => ({
    status: 200,
    body: { isOffered, phone: await store.phoneOf(db, caller.accountId) },
  }))

  http.serve(contracts.wantTextMessages, async ({ caller, body }) => {
    if (!isOffered) throw new Problem('notifications.texts-not-offered')
    if (!caller.verified) throw new Problem('identity.not-verified')
    const phone = koreanMobile(body.phone)
    if (!phone) throw new Problem('notifications.phone-invalid')
    await store.keepPhone(db, caller.accountId, phone, new Date(clock.now()))
    return { status: 200, body: { isOffered, phone } }
  })

  http.serve(contracts.leaveTextMessages, async ({ caller }) => {
    await store.forgetPhone(db, caller.accountId)
    return { status: 204, body: undefined }
  })
}

/** `GET /dev/mailbox?to=`: for development only, without a contract, and open to everybody who can reach it. */
export function serveMailbox(http: HttpApp, db: Db): void {
  http.fastify.get<{ Querystring: { to?: unknown } }>('/dev/mailbox', async (request, reply) => {
    const { to } = request.query
    const mails = await store.keptMails(db, typeof to === 'string' && to !== '' ? to : undefined, mailsMax)
    reply.header('cache-control', 'no-store')
    const isForPeople = to === undefined && (request.headers.accept ?? '').includes('text/html')
    if (isForPeople)
      return reply
        .header('content-security-policy', mailboxPolicy)
        .type('text/html; charset=utf-8')
        .send(mailboxPage(mails))
    return reply.send({ items: mails.map((mail) => ({ ...mail, sentAt: mail.sentAt.toISOString() })) })
  })
}
