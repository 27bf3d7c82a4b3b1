import type { Db } from '#platform/db'
import type { HttpApp } from '#platform/http'
import { mailboxPage, mailboxPolicy } from './mailbox-page.ts'
import * as store from './notifications-store.ts'

const mailsMax = 50

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
