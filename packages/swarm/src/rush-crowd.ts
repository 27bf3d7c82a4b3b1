import { readFileSync } from 'node:fs'
import type { Credentials } from './own-server.ts'
import type { FromCrowd, ToCrowd } from './rush-messages.ts'
import { createWaitingCrowd } from './waiting-crowd.ts'

// One process of the crowd of a rush; the rehearsal starts it and ends it by hanging up.

const say = (message: FromCrowd) => void process.send!(message)

let crowd: ReturnType<typeof createWaitingCrowd> | undefined
let people: { index: number; accessToken: string }[] = []

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToCrowd) => void obey(message))

async function obey(message: ToCrowd): Promise<void> {
  switch (message.kind) {
    case 'begin': {
      const all = JSON.parse(readFileSync(message.crowdFile, 'utf8')) as Credentials[]
      people = all
        .map(({ accessToken }, index) => ({ index, accessToken }))
        .filter(({ index }) => index % message.parts === message.part)
      crowd = createWaitingCrowd(message, {
        now: Date.now,
        every: (ms, run) => void setInterval(run, ms),
        called: (index, placeToken) => say({ kind: 'called', index, placeToken }),
      })
      return say({ kind: 'ready' })
    }
    case 'join': {
      const newcomers = people.filter(({ index }) => index < message.to)
      people = people.slice(newcomers.length)
      return say({ kind: 'joined', ...(await crowd!.join(newcomers)) })
    }
    case 'streams':
      crowd!.stream(message.count)
      return say({ kind: 'streaming', count: message.count })
    case 'tell':
      return say({ kind: 'told', met: crowd!.tell() })
  }
}
