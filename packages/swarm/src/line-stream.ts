import { connect } from 'node:net'

type Listener = { message(bytes: Buffer): void; beat(): void; closed(): void; failed(): void }

/** The event stream of a line. */
export const openLineStream = ({ url, lineId }: { url: string; lineId: string }, listener: Listener) =>
  openStream({ url, path: `/api/lines/${lineId}/events`, event: 'line' }, listener)

/**
 * An event stream over a socket of its own, which costs a crowd less than a client for each. `message` gets the bytes of
 * each event of this name; `beat` says that there is nothing new; `closed` is called once, when the stream ended or could not be had.
 */
export function openStream(
  { url, path, event }: { url: string; path: string; event: string },
  { message, beat, closed, failed }: Listener,
): { close(): void } {
  const prefix = Buffer.from(`event: ${event}\ndata: `)
  const { host, hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  let isHead = true
  let rest: Buffer = Buffer.alloc(0)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    if (isHead) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      if (rest.toString('latin1', 9, 12) !== '200') return void socket.destroy()
      rest = rest.subarray(end + 4)
      isHead = false
    }
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const text = rest.subarray(0, end)
      rest = rest.subarray(end + 2)
      if (text.subarray(0, prefix.length).equals(prefix)) message(text.subarray(prefix.length))
      else beat()
    }
  })
  socket.on('error', failed)
  socket.on('close', closed)
  return { close: () => void socket.destroy() }
}
