import { connect, type Socket } from 'node:net'

export type Answered = { status: number; header(name: string): string | undefined; body: Buffer }

/** Who hears nothing for so long gives up, and so does an idle connection. */
const silenceMsMax = 60_000

/**
 * Sends requests over a few kept connections, one at a time on each. Made by hand, because a crowd of 100,000 leaves 20 µs
 * of a core to a request, and a general client takes 60. Understands what the server of this project answers: a head
 * and a body with its length.
 * @returns what sends one request; its promise fails when the connection does
 */
export function openLanes(url: string, count: number) {
  const { hostname, port } = new URL(url)
  const waiting: { request: string; done: (answer: Answered) => void; fail: (error: Error) => void }[] = []
  let head = 0
  const lanes = Array.from({ length: count }, () => createLane())
  const idle = [...lanes]

  function createLane() {
    let socket: Socket | undefined
    let current: (typeof waiting)[number] | undefined
    let received: Buffer = Buffer.alloc(0)

    function broken(error: Error): void {
      const failed = current
      current = undefined
      socket?.destroy()
      socket = undefined
      received = Buffer.alloc(0)
      if (!failed) return
      failed.fail(error)
      next()
    }

    function next(): void {
      const job = waiting[head]
      if (!job) return void idle.push(lane)
      waiting[head++] = undefined as never
      if (head > 10_000) {
        waiting.splice(0, head)
        head = 0
      }
      current = job
      if (!socket) {
        const opened = connect({ host: hostname, port: Number(port), noDelay: true })
        socket = opened
        opened.on('data', (chunk: Buffer) => {
          received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
          const answer = readAnswer(received)
          if (!answer || !current) return
          const { done } = current
          current = undefined
          received = Buffer.alloc(0)
          done(answer)
          next()
        })
        opened.on('error', broken)
        opened.setTimeout(silenceMsMax, () => broken(new Error('no answer came within a minute')))
        opened.on('close', () => {
          if (socket === opened) broken(new Error('the connection was closed'))
        })
      }
      socket.write(job.request)
    }

    const lane = { next, close: () => socket?.destroy() }
    return lane
  }

  return {
    send: (request: string): Promise<Answered> =>
      new Promise((done, fail) => {
        waiting.push({ request, done, fail })
        idle.pop()?.next()
      }),
    /** Requests that have no lane yet. */
    waiting: () => waiting.length - head,
    close: () => lanes.forEach((lane) => lane.close()),
  }
}

/** The answer once all of it is there. */
export function readAnswer(bytes: Buffer): Answered | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const text = bytes.toString('latin1', 0, end)
  const status = Number(text.slice(9, 12))
  const length = status === 304 || status === 204 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
  if (bytes.length < end + 4 + length) return undefined
  return {
    status,
    header: (name) => new RegExp(`\\r\\n${name}: ([^\\r]+)`, 'i').exec(text)?.[1],
    body: bytes.subarray(end + 4, end + 4 + length),
  }
}
