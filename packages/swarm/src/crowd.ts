import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { register, signIn, verifyEmail } from '@fairgate/contracts/http/identity'
import type { Credentials, OwnServer } from './own-server.ts'
import type { Surroundings } from './surroundings.ts'
import type { Wire } from './wire.ts'

/** Verified accounts on a server of one's own, made at once while it is down. */
export async function prepareCrowd(own: OwnServer, users: number): Promise<Credentials[]> {
  const file = join(own.folder, 'crowd.json')
  await own.cli(['crowd', '--users', String(users), '--out', file, '--json'])
  return JSON.parse(readFileSync(file, 'utf8')) as Credentials[]
}

/** Somebody who can be written to: `GET /dev/mailbox?to=` shows what came. */
export type Reachable = Credentials & { email: string }

/** Registers people the long way, with their mails, so that no back door is needed on a server that is not ours. */
export async function registerCrowd(
  wire: Wire,
  { url, users }: { url: string; users: number },
  { now, sleep, progress }: Surroundings,
): Promise<Reachable[]> {
  const crowd: Reachable[] = []
  const stamp = now().toString(36)
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let i = lane; i < users; i += 8) {
      const email = `crowd-${stamp}-${i}@demo.fairgate.test`
      await wire.call('other', register, { body: { email, password: `rehearsal-${stamp}`, name: `Person ${i}` } })
      crowd[i] = await enterCode(email)
      if ((i + 1) % 500 === 0) progress(`${i + 1} accounts`)
    }
  })
  await Promise.all(lanes)
  return crowd

  async function enterCode(email: string): Promise<Reachable> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const answer = await fetch(`${url}/dev/mailbox?to=${encodeURIComponent(email)}`)
      const code = /\b\d{6}\b/.exec(((await answer.json()) as { items: { text: string }[] }).items[0]?.text ?? '')?.[0]
      if (code) {
        await wire.call('other', verifyEmail, { body: { email, code } })
        const session = (await wire.call('other', signIn, { body: { email, password: `rehearsal-${stamp}` } })).body
        return { accountId: session.account.id, accessToken: session.accessToken, email }
      }
      await sleep(200)
    }
    throw new Error(`no mail came for ${email}`)
  }
}
