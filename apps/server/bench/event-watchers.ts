import { connect, type Socket } from 'node:net'
import { monotonicMs } from './monotonic.ts'

const openAtOnce = 100

export type EventWatchers = {
  /** Settled when each has heard something, or some bytes with `text` in them. @returns when, by `monotonicMs` */
  hear(text?: string): Promise<number[]>
  close(): void
}

/** Opens so many connections, each open when it was told something: a client is connected before its server has accepted it. With a path each asks for that event stream. */
export async function openWatchers(url: string, count: number, path?: string): Promise<EventWatchers> {
  const { hostname, port } = new URL(url)
  const sockets: Socket[] = []
  let heard: (index: number, bytes: Buffer) => void = () => undefined

  async function open(): Promise<void> {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await new Promise((done) => socket.once('connect', done))
    const index = sockets.push(socket) - 1
    if (path) socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`)
    await new Promise((done) => socket.once('data', done))
    socket.on('data', (bytes: Buffer) => heard(index, bytes))
  }

  while (sockets.length < count)
    await Promise.all(Array.from({ length: Math.min(openAtOnce, count - sockets.length) }, open))
  return {
    hear: (text = '') =>
      new Promise((done) => {
        const times = Array<number>(count)
        let missing = count
        heard = (index, bytes) => {
          if (times[index] !== undefined || !bytes.includes(text)) return
          times[index] = monotonicMs()
          if (--missing === 0) done(times)
        }
      }),
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
