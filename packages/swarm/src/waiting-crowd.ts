import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { pollEntry, pollEveryMs } from '@fairgate/contracts/wait'
import { pauseMs } from './eye.ts'
import { count, newHistogram } from './histogram.ts'
import { openLineStream } from './line-stream.ts'
import { openLanes } from './lanes.ts'
import { createPositions } from './positions.ts'
import { chance } from './random.ts'
import type { Met } from './rush-messages.ts'

type Seen = { line: LineDocument; etag: string | undefined; bytes: Buffer; step: number }

type Person = {
  index: number
  number: number
  placeToken: string
  position: number | undefined
  seen: Seen | undefined
  stream: { close(): void } | undefined
  state: 'waiting' | 'called' | 'done'
}

const lanesMax = 48
const joinsAtOnceMax = 128
const slotMs = 25
const sampleEveryMs = 500
/** Sampled in turn, so that a look at the ages costs little. */
const sampleEvery = 5

/**
 * A part of a crowd that waits in one process: joins, reads the line's document as often as that asks, keeps a stream
 * where it is told to, and says who was called.
 */
export function createWaitingCrowd(
  options: { url: string; lineId: string; seed: number },
  world: {
    now: () => number
    every: (ms: number, run: () => void) => void
    called: (index: number, placeToken: string) => void
  },
) {
  const { url, lineId } = options
  const { now } = world
  const { host } = new URL(url)
  const random = chance(options.seed)
  const positions = createPositions()
  const lanes = openLanes(url, lanesMax)
  const people: Person[] = []
  const slots = new Map<number, Person[]>()
  /** When each frontier was first shown to anybody here: what is seen has been overtaken when the next one was. */
  const steps: { frontier: number; at: number }[] = []
  let newest: Seen | undefined
  let soldOutAt: number | undefined
  let streams = 0
  let met = newMet()

  function see(bytes: Buffer, etag: string | undefined): Seen {
    if (newest?.bytes.equals(bytes)) return newest
    const line = JSON.parse(bytes.toString()) as LineDocument
    const last = steps.at(-1)
    if (!last || line.frontier > last.frontier) steps.push({ frontier: line.frontier, at: Date.parse(line.serverTime) })
    if (line.phase === 'sold-out') soldOutAt ??= now()
    const step = steps.findLastIndex(({ frontier }) => frontier <= line.frontier)
    newest = { line, etag, bytes: Buffer.from(bytes), step }
    return newest
  }

  function aheadOf(person: Person, line: LineDocument): number {
    person.position ??= positions.of(line, person.number)
    return person.position === undefined ? Infinity : person.position - line.frontier
  }

  /** What a person does with what it sees. */
  function react(person: Person, seen: Seen): void {
    if (person.state !== 'waiting') return
    person.seen = seen
    const { line } = seen
    if (line.phase === 'sold-out' || line.phase === 'closed') {
      count(met.soldOutMs, now() - (soldOutAt ?? now()))
      return leave(person, 'done')
    }
    const ahead = aheadOf(person, line)
    if (line.phase === 'open' && ahead <= 0) {
      world.called(person.index, person.placeToken)
      return leave(person, 'called')
    }
    if (person.stream) return
    if (pollEntry(line.poll, ahead)?.stream) return watch(person)
    poll(person, pauseMs(line, ahead, now(), random))
  }

  function leave(person: Person, state: 'called' | 'done'): void {
    person.state = state
    person.stream?.close()
  }

  function poll(person: Person, inMs: number): void {
    const slot = Math.ceil((now() + inMs) / slotMs)
    const due = slots.get(slot)
    if (due) due.push(person)
    else slots.set(slot, [person])
  }

  async function read(person: Person, dueAt: number): Promise<void> {
    const etag = person.seen?.etag
    const condition = etag ? `if-none-match: ${etag}\r\n` : ''
    try {
      const answer = await lanes.send(`GET /api/lines/${lineId} HTTP/1.1\r\nhost: ${host}\r\n${condition}\r\n`)
      met.polls++
      count(met.pollMs, now() - dueAt)
      if (answer.status !== 200 && answer.status !== 304) throw new Error(`HTTP ${answer.status}`)
      react(person, answer.status === 304 ? person.seen! : see(answer.body, answer.header('etag')))
    } catch {
      met.errors++
      poll(person, 1000)
    }
  }

  /** Keeps an event stream; when it cannot be had or ends, the person polls again. */
  function watch(person: Person): void {
    streams++
    person.stream = openLineStream(
      { url, lineId },
      {
        message: (bytes) => react(person, see(bytes, undefined)),
        beat() {},
        failed: () => void met.errors++,
        closed() {
          streams--
          person.stream = undefined
          if (person.state === 'waiting') poll(person, 1000)
        },
      },
    )
  }

  let lastSlot = Math.floor(now() / slotMs)
  world.every(slotMs, () => {
    for (const slot = Math.floor(now() / slotMs); lastSlot < slot; lastSlot++) {
      const due = slots.get(lastSlot) ?? []
      slots.delete(lastSlot)
      for (const person of due)
        if (person.state === 'waiting' && !person.stream) void read(person, (lastSlot + 1) * slotMs)
    }
  })

  let turn = 0
  world.every(sampleEveryMs, () => {
    if (!newest || newest.line.phase !== 'open' || steps.length < 2) return
    const at = now()
    const { frontier } = newest.line
    const withinAMinute = newest.line.admission?.perMinute ?? newest.line.admitPerMinute ?? 0
    turn = (turn + 1) % sampleEvery
    for (let i = turn; i < people.length; i += sampleEvery) {
      const person = people[i]!
      if (person.state !== 'waiting' || person.position === undefined || !person.seen) continue
      const overtaken = steps[person.seen.step + 1]
      const age = overtaken ? at - overtaken.at : 0
      const ahead = person.position - frontier
      if (ahead <= withinAMinute) count(met.nearMs, age)
      else {
        count(met.farMs, age)
        const { line } = person.seen
        const promised = person.stream ? 0 : pollEveryMs(line.poll, person.position - line.frontier)
        count(met.farBeyondPromiseMs, age - promised)
      }
    }
  })

  return {
    /** Joins a number of people at a time; each waits from then on. */
    async join(
      newcomers: readonly { index: number; accessToken: string }[],
    ): Promise<{ places: string[]; refused: number }> {
      const places: string[] = []
      let refused = 0
      let next = 0
      const one = async () => {
        for (let newcomer = newcomers[next++]; newcomer; newcomer = newcomers[next++]) {
          const sentAt = now()
          const answer = await lanes
            .send(
              `POST /api/lines/${lineId}/places HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${newcomer.accessToken}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
            )
            .catch(() => undefined)
          count(met.joinMs, now() - sentAt)
          if (answer?.status !== 201 && answer?.status !== 200) {
            refused++
            continue
          }
          const { place, placeToken } = JSON.parse(answer.body.toString()) as {
            place: { id: string; number: number }
            placeToken: string
          }
          places.push(place.id)
          const person: Person = {
            index: newcomer.index,
            number: place.number,
            placeToken,
            position: undefined,
            seen: undefined,
            stream: undefined,
            state: 'waiting',
          }
          people.push(person)
          // Whoever has joined looks at the line now and then; a crowd that joined at once does not look in step.
          poll(person, newest ? pauseMs(newest.line, Infinity, now(), random) * random.unit() : 0)
        }
      }
      await Promise.all(Array.from({ length: joinsAtOnceMax }, one))
      return { places, refused }
    },
    /** So many more keep a stream. @returns once they were opened */
    stream(wanted: number): void {
      const rest = people.filter((person) => person.state === 'waiting' && !person.stream).slice(0, wanted)
      let next = 0
      // The kernel's queue of new connections is short: a few hundred at a time.
      world.every(2 * slotMs, () => {
        for (const person of rest.slice(next, next + streamsPerSlot)) watch(person)
        next += streamsPerSlot
      })
    },
    streams: () => streams,
    /** What was met since this was asked last. */
    tell(): Met {
      const told = { ...met, streams, waiting: people.filter(({ state }) => state === 'waiting').length }
      met = newMet()
      return told
    },
  }
}

const streamsPerSlot = 50

const newMet = (): Met => ({
  polls: 0,
  errors: 0,
  waiting: 0,
  streams: 0,
  pollMs: newHistogram(),
  joinMs: newHistogram(),
  nearMs: newHistogram(),
  farBeyondPromiseMs: newHistogram(),
  farMs: newHistogram(),
  soldOutMs: newHistogram(),
})
