import { connect } from 'node:net'
import { monotonicMs } from './monotonic.ts'
import { readUpdate, statusAt, type SeatPictures } from '@fairgate/contracts/seat-picture'
import type { AvailabilityUpdate } from '@fairgate/contracts/http/availability'

// Watchers of one sale's stream. Each notes when a message had arrived; one of them reads what it says, because all are
// told the same bytes: reading it in each would measure this process instead of the server.

const [url, count] = [new URL(process.argv[2]!), Number(process.argv[3])]
/** When each message arrived, by its place in the stream and by watcher. */
const arrivals: number[][] = []
/** When the seats of a message were changed, as this process learned from the first watcher. */
const changed: { sectionId: string; seat: number; message: number }[] = []
let pictures: SeatPictures = new Map()
/** At once; a server that is asked for more than it can answer refuses some. */
const openingMax = 50
let started = 0
let open = 0

for (let i = 0; i < Math.min(openingMax, count); i++) watch(started++)

/** Opens a stream, and when it has begun the next one. */
function watch(watcher: number): void {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  let rest = ''
  let messages = -1
  socket.setEncoding('latin1')
  socket.once('connect', () => socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`))
  socket.once('close', () => {
    throw new Error(`watcher ${watcher} lost its stream after ${messages + 1} messages: ${rest.slice(0, 300)}`)
  })
  socket.on('data', (chunk: string) => {
    const at = monotonicMs()
    if (messages < 0 && rest === '' && !chunk.startsWith('HTTP/1.1 200')) throw new Error(`no stream: ${chunk}`)
    rest += chunk
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const message = rest.slice(0, end)
      rest = rest.slice(end + 2)
      const data = message.indexOf('data: ')
      if (data < 0) continue
      messages++
      if (messages === 0) {
        if (++open === count) process.send!({ open })
        if (started < count) watch(started++)
      } else {
        const times = (arrivals[messages - 1] ??= [])
        times.push(at)
      }
      if (watcher === 0) read(JSON.parse(message.slice(data + 6)) as AvailabilityUpdate, messages)
    }
  })
}

function read(update: AvailabilityUpdate, message: number): void {
  const next = readUpdate(pictures, update)
  if (next === 'missed') throw new Error('a version was missed')
  for (const [sectionId, { status }] of next) {
    const before = pictures.get(sectionId)?.status
    if (!before || before === status) continue
    for (let seat = 0; seat < status.length * 4; seat++) {
      if (statusAt(before, seat) === 0 && statusAt(status, seat) === 1)
        changed.push({ sectionId, seat, message: message - 1 })
    }
  }
  pictures = next
}

process.on('message', () => process.send!({ arrivals, changed }, () => process.exit(0)))
process.on('disconnect', () => process.exit(0))
