import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export type ReceivedMail = { to: string; raw: string }

/** What the server does with the next mails, one word each, before it takes all: a reply to the recipient, silence, or taking the mail and hanging up without an answer. */
export type SmtpMood = `${4 | 5}${number} ${string}` | 'silence' | 'take-and-hang-up'

/** A mail server with just enough of RFC 5321 to be sent to by a real client. */
export async function startSmtpServer(moods: readonly SmtpMood[] = []) {
  const received: ReceivedMail[] = []
  const left = [...moods]
  const sockets = new Set<Socket>()
  const silent = Promise.withResolvers<void>()

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    let buffer = ''
    let mail: ReceivedMail | undefined
    let hangsUp = false
    const reply = (text: string) => socket.write(`${text}\r\n`)

    function line(text: string): void {
      const verb = text.slice(0, 4).toUpperCase()
      if (verb === 'EHLO') return void reply('250-test\r\n250 8BITMIME')
      if (verb === 'DATA') return void reply('354 go on')
      if (verb === 'QUIT') return void socket.end('221 bye\r\n')
      if (verb !== 'RCPT') return void reply('250 fine')
      const mood = left.shift()
      if (mood === 'silence') return silent.resolve()
      if (mood && mood !== 'take-and-hang-up') return void reply(mood)
      hangsUp = mood === 'take-and-hang-up'
      mail = { to: /<(.*)>/.exec(text)?.[1] ?? '', raw: '' }
      reply('250 fine')
    }

    reply('220 test')
    socket.on('data', (chunk) => {
      buffer += chunk.toString('utf8')
      for (;;) {
        const isBody = mail && buffer.includes('\r\n.\r\n')
        const end = isBody ? buffer.indexOf('\r\n.\r\n') + 5 : buffer.indexOf('\r\n') + 2
        if (end === 1) return
        const text = buffer.slice(0, end)
        const isCommand = /^(EHLO|MAIL|RCPT|DATA|RSET|NOOP|QUIT)/i.test(text)
        if (mail && !isCommand && !isBody) return
        buffer = buffer.slice(end)
        if (!mail || isCommand) line(text.trimEnd())
        else {
          received.push({ ...mail, raw: text })
          mail = undefined
          if (hangsUp) socket.destroy()
          else reply('250 taken')
        }
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    /** Settles when a mail has met silence. */
    fellSilent: silent.promise,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
