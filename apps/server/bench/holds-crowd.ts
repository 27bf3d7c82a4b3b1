import { connect, type Socket } from 'node:net'

/** Latencies in milliseconds, by request, and how many answers had another status than wanted. */
export type Run = { seconds: number; latencies: number[]; refused: number }

/**
 * Sends requests over keep-alive connections, one at a time on each. A hand-made client, because a core shared with the
 * database must be left to the database: about 10 µs a request instead of 40.
 */
export async function sendAll(
  url: string,
  requests: readonly Buffer[],
  connections: number,
  wanted = 201,
): Promise<Run> {
  const { hostname, port } = new URL(url)
  const run: Run = { seconds: 0, latencies: [], refused: 0 }
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(hostname, Number(port))))
  let next = 0
  const startedAt = performance.now()
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let received: Buffer = Buffer.alloc(0)
          let sentAt = 0
          const send = () => {
            const request = requests[next++]
            if (!request) return void socket.end()
            sentAt = performance.now()
            socket.write(request)
          }
          socket.once('error', reject)
          socket.once('close', () => resolve())
          socket.on('data', (chunk: Buffer) => {
            received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
            const head = received.indexOf('\r\n\r\n')
            if (head < 0) return
            const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, head))
            if (!length) return void socket.destroy(new Error('an answer without content-length'))
            if (received.length < head + 4 + Number(length[1])) return
            if (received.toString('latin1', 9, 12) !== String(wanted)) run.refused++
            received = Buffer.alloc(0)
            run.latencies.push(performance.now() - sentAt)
            send()
          })
          send()
        }),
    ),
  )
  run.seconds = (performance.now() - startedAt) / 1000
  return run
}

const open = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })

export function postRequest(url: string, path: string, authorization: string, body: object): Buffer {
  const text = JSON.stringify(body)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
